"""How the features are written; apart from the vectoriser, so that serving need not import scikit-learn for it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.ngrams import Corpus
from features.seen import Seen, spell


class Spelling(NamedTuple):
    """How each feature is written: code points one after another, and where each feature ends.

    characters: uint32; ends: int64 [features]. The two words of a word 2-gram are separated by a space.
    """

    characters: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, laid: Corpus, seen: Seen, numbers: npt.NDArray[np.int64]) -> "Spelling":
        """Read the n-grams of these numbers where they were first met."""
        first, second, end = seen.extents[numbers].T
        ends = np.cumsum(first + np.where(end > 0, end - second + 1, 0), dtype=np.int64)
        characters = np.empty(int(ends[-1]), np.uint32)
        spell(np.asarray(laid.text), seen.begins, seen.extents, numbers, ends, characters)
        return cls(characters, ends)

    def select(self, columns: npt.NDArray[np.int64]) -> "Spelling":
        """The spelling of these features only."""
        begins = np.concatenate([np.zeros(1, np.int64), self.ends[:-1]])[columns]
        lengths = self.ends[columns] - begins
        return Spelling(self.characters[_ranges(begins, lengths)], np.cumsum(lengths))

    def strings(self) -> list[str]:
        """The features as strings."""
        text = self.characters.tobytes().decode("utf-32-le", "surrogatepass")
        ends = self.ends.tolist()
        return [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def _ranges(begins: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Count up from each begin, its length times, one range after another."""
    before = np.cumsum(lengths) - lengths
    return np.asarray(np.arange(int(lengths.sum()), dtype=np.int64) + np.repeat(begins - before, lengths))
