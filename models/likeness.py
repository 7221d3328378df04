"""How much a text is like a complaint: a small layer on what its scoring knows anyway.

The scope's margin alone asks the same of one line as of a page, though a page of complaint leaves no doubt, and it does not
ask whether any class of any head knows what the text is about. Logistic regression on a handful of signs, learnt on margins
out of fold, weighs them (stacked generalisation, D. H. Wolpert, 1992).
"""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled

Doubles = npt.NDArray[np.float64]

OF_TEXT = 4
"""Signs before those of the heads: the scope's margin, its product with the extent, the extent, its square. The extent is the
logarithm of the Han characters in title and text, and one more. A head's sign is its largest margin."""


def signs(margins: Doubles, characters: npt.NDArray[np.integer]) -> Doubles:
    """The signs of n texts [n, OF_TEXT + h]; margins [n, 1 + h]: the scope's, then the largest of each head."""
    extent = np.log1p(characters)[:, np.newaxis]
    return np.hstack([margins[:, :1], margins[:, :1] * extent, extent, extent * extent, margins[:, 1:]])


def margin_alone(heads: int) -> tuple[float, ...]:
    """Weights that leave the scope's margin as it is."""
    return (1.0, *[0.0] * (OF_TEXT - 1 + heads))


@compiled(borrows=True)
def likeness(weights: Doubles, margins: Doubles, characters: int) -> float:
    """The weighted sum of one text's signs; margins [1 + h]."""
    extent = np.log(1.0 + characters)
    total = (weights[0] + weights[1] * extent) * margins[0] + (weights[2] + weights[3] * extent) * extent
    for head in range(1, len(margins)):
        total += weights[OF_TEXT - 1 + head] * margins[head]
    return np.float64(total)
