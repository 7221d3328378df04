"""What scoring one complaint yields, laid out in three arrays."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.recognise import FACTS
from models.evidence import EVIDENCE_TOKENS

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]

LEADING = 4
"""Classes per head that an answer names: the winner and three alternatives."""

CONTRAST = 3
"""Numbers of a head's contrast."""
_WHOLE = LEADING + 3 * EVIDENCE_TOKENS
_REAL = CONTRAST + LEADING + EVIDENCE_TOKENS


class Scores(NamedTuple):
    """What a call yields: few arrays, for each costs as much to make as a handful of features to sum.

    probabilities: float32 [classes].
    whole: int32 [h + 1, LEADING + 3 * EVIDENCE_TOKENS], for each head its leading classes and its evidence; then the
        facts. real: float64 [h + 1, 3 + LEADING + EVIDENCE_TOKENS], for each head its contrast, the probabilities of its
        leading classes and the weights of its evidence; then what tells whether it is a complaint at all.
    """

    probabilities: Floats
    whole: Integers
    real: Doubles

    @property
    def scope(self) -> float:
        """How much the text is like a complaint, see `models.likeness`."""
        return float(self.real[-1, 0])

    @property
    def margins(self) -> Doubles:
        """Of "a complaint" against "something else", then the largest of each head: float64 [1 + h]."""
        return self.real[-1, 1 : 1 + len(self.real)]

    @property
    def odds(self) -> float:
        """The mean odds of the text's 2-grams of characters, see `models.likeness`."""
        return float(self.real[-1, 1 + len(self.real)])

    @property
    def facts(self) -> Integers:
        """See `features.recognise.Recognised`: int32 [FACTS]."""
        return self.whole[-1, :FACTS]

    @property
    def leading(self) -> Integers:
        """The best classes (numbers within the head), best first, -1 where there are fewer: int32 [h, LEADING]."""
        return self.whole[:-1, :LEADING]

    @property
    def contrast(self) -> Doubles:
        """The logit gap between winner and runner-up, the part of the bias, the unshown rest: float64 [h, 3]."""
        return self.real[:-1, :CONTRAST]

    @property
    def evidence(self) -> Integers:
        """Field, start and end in the field, -1 where there is none: int32 [h, EVIDENCE_TOKENS, 3].

        Neighbours that push the same way are one; the strongest come first.
        """
        return self.whole[:-1, LEADING:].reshape(-1, EVIDENCE_TOKENS, 3)

    @property
    def evidence_weights(self) -> Doubles:
        """Of `evidence`: float64 [h, EVIDENCE_TOKENS]."""
        return self.real[:-1, CONTRAST + LEADING :]


@compiled()
def blank(n_heads: int) -> tuple[Integers, Doubles]:
    """`whole` and `real` of `Scores`, with nothing in them."""
    return np.full((n_heads + 1, _WHOLE), -1, np.int32), np.zeros((n_heads + 1, _REAL), np.float64)
