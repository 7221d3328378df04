"""A fitted model in memory: what training makes, what a bundle stores, what the scorer reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.ngrams import Keys
from features.spelling import Spelling
from features.trie import Trie
from models.calibration import Calibration
from models.decision import Policy
from models.prediction import Target
from models.scorer import Scorer

if TYPE_CHECKING:
    # it is a scikit-learn estimator, and to import scikit-learn takes longer than all else that serving imports
    from features.vectorise import ComplaintVectoriser

FIELDS = ("title", "text", "merchant", "address")
"""The fields of a complaint that a model reads, each with n-gram blocks of its own."""


@dataclass(frozen=True)
class Head:
    """One linear head: class labels and names, how its margins become probabilities, and what it may do by itself."""

    target: Target
    classes: tuple[str, ...]
    names: Mapping[str, str]
    calibration: Calibration
    policy: Policy


@dataclass(frozen=True, slots=True)
class Scope:
    """What a text must show to be answered at all; below any of these the model abstains.

    margin: of "a complaint" against the background texts. known_share: of the text's character 2-grams, those that the
    model knows. characters: Han characters in title and text.
    """

    margin: float
    known_share: float
    characters: int


@dataclass(frozen=True)
class Vocabulary:
    """The features: their look-up table, idf (float32 [v]), block (uint8 [v]) and spelling."""

    table: Keys
    row_bits: int
    idf: npt.NDArray[np.float32]
    blocks: npt.NDArray[np.uint8]
    spelling: Spelling
    block_weights: npt.NDArray[np.float64]

    @classmethod
    def of(cls, vectoriser: "ComplaintVectoriser") -> "Vocabulary":
        """The vocabulary of a fitted vectoriser."""
        return cls(
            vectoriser.table_,
            vectoriser.row_bits_,
            vectoriser.idf_.astype(np.float32),
            vectoriser.blocks_,
            vectoriser.spelling_,
            vectoriser.block_weights(),
        )


@dataclass(frozen=True)
class Quantised:
    """The columns of all heads and the scope column: weights = int8 * scale of the row and head.

    weights: int8 [v, c]; scales: float32 [v, h + 1]; bias: float32 [c]; ends: int32 [h], each head's last column + 1.
    """

    weights: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    ends: npt.NDArray[np.int32]

    @classmethod
    def of(cls, parts: list[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]) -> "Quantised":
        """Round each part's weights [v, c_i] to 127 steps of the largest of their row; the last part is the scope's.

        127 steps keep a weight to 0.4% of the largest of its row.
        """
        weights, scales = [], []
        for matrix, _ in parts:
            scale = np.abs(matrix).max(axis=1, initial=0.0) / np.float32(127)
            weights.append(np.rint(matrix / np.where(scale > 0, scale, 1)[:, None]).astype(np.int8))
            scales.append(scale.astype(np.float32))
        ends = np.cumsum([matrix.shape[1] for matrix, _ in parts])[:-1]
        return cls(
            np.ascontiguousarray(np.hstack(weights)),
            np.ascontiguousarray(np.stack(scales, axis=1)),
            np.concatenate([bias for _, bias in parts]).astype(np.float32),
            ends.astype(np.int32),
        )

    def columns(self, part: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Weights [v, c_i] and bias of a part as floating point: what the scorer computes with."""
        edges = [0, *self.ends.tolist(), self.weights.shape[1]]
        a, b = edges[part], edges[part + 1]
        return self.weights[:, a:b].astype(np.float32) * self.scales[:, part : part + 1], self.bias[a:b]


@dataclass(frozen=True)
class FittedModel:
    """Everything that an answer needs."""

    trie: Trie
    lexicon_digest: str
    vocabulary: Vocabulary
    heads: tuple[Head, ...]
    columns: Quantised
    scope: Scope

    def scorer(self) -> Scorer:
        """The arrays in the form that the compiled scorer takes: read-only, so that memory-mapped files do as well."""
        trie = self.trie
        return Scorer(
            Trie(_frozen(trie.keys), _frozen(trie.log_probability), _frozen(trie.first), trie.unknown),
            _frozen(self.vocabulary.table),
            self.vocabulary.row_bits,
            _frozen(self.vocabulary.idf),
            _frozen(self.columns.weights),
            _frozen(self.columns.scales),
            _frozen(self.columns.bias),
            _frozen(self.columns.ends),
            _frozen(np.array([head.calibration for head in self.heads], np.float64).reshape(-1, 3)),
            _frozen(self.vocabulary.block_weights),
        )


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
