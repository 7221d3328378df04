"""How much a text is like a complaint: a small layer on what its scoring knows anyway.

The scope's margin alone asks the same of one line as of a page, though a page of complaint leaves no doubt; it does not ask
whether any class of any head knows what the text is about; and to n-grams that are nowhere, which is what strange texts are
made of, it is blind. Logistic regression on a handful of signs, learnt on margins out of fold, weighs them (stacked
generalisation, D. H. Wolpert, 1992).
"""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled

Doubles = npt.NDArray[np.float64]

OF_TEXT = 10
"""Signs before those of the heads: the scope's margin, the extent, the share of known 2-grams, the mean odds, the clauses, each
with its product with the extent. The extent is the logarithm of the Han characters in title and text, and one more, and the
clauses are counted in the same way; the odds of a 2-gram of characters are how much oftener complaints have it than other texts.
A head's sign is its largest margin."""

ODDS, NO_ODDS = 16.0, -128
"""Steps of the odds to one unit of natural logarithm, as they are kept as int8; and what features without odds have."""


def signs(margins: Doubles, facts: npt.NDArray[np.integer], odds: Doubles) -> Doubles:
    """The signs of n texts [n, OF_TEXT + h].

    margins [n, 1 + h]: the scope's, then the largest of each head; facts [n, FACTS]: see `features.recognise.Recognised`; odds [n]:
    the mean odds of the text's 2-grams.
    """
    extent = np.log1p(facts[:, 0])
    known = facts[:, 2] / np.maximum(facts[:, 1], 1)
    of_text = (margins[:, 0], extent, known, odds, np.log1p(facts[:, 3]))
    return np.column_stack([each for sign in of_text for each in (sign, sign * extent)] + [margins[:, 1:]])


def margin_alone(heads: int) -> tuple[float, ...]:
    """Weights that leave the scope's margin as it is."""
    return (1.0, *[0.0] * (OF_TEXT - 1 + heads))


@compiled(borrows=True)
def likeness(weights: Doubles, margins: Doubles, facts: npt.NDArray[np.int32], odds: float) -> float:
    """The weighted sum of one text's signs; margins [1 + h], facts [FACTS]."""
    extent = np.log(1.0 + facts[0])
    known = facts[2] / max(facts[1], 1)
    total = (weights[0] + weights[1] * extent) * margins[0] + (weights[2] + weights[3] * extent) * extent
    total += (weights[4] + weights[5] * extent) * known + (weights[6] + weights[7] * extent) * odds
    total += (weights[8] + weights[9] * extent) * np.log(1.0 + facts[3])
    for head in range(1, len(margins)):
        total += weights[OF_TEXT - 1 + head] * margins[head]
    return np.float64(total)
