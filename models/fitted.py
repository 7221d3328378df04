"""A fitted model in memory: what training makes, what a bundle stores, what the scorer reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from features.ngrams import Keys
from features.prefetch import LINE
from features.spelling import Spelling
from features.trie import Trie
from models.calibration import Calibration
from models.decision import Policy
from models.prediction import Target
from models.scorer import IDF, SCALES, SCOPE, Scorer

if TYPE_CHECKING:
    # it is a scikit-learn estimator, and to import scikit-learn takes longer than all else that serving imports
    from features.vectorise import ComplaintVectoriser
    from models.solver import Weights

FIELDS = ("title", "text", "merchant", "address")
"""The fields of a complaint that a model reads, each with n-gram blocks of its own."""

_TOGETHER = 4096
"""Features whose weights are rounded at a time: what is made of them stays in the cache."""


@dataclass(frozen=True)
class Head:
    """One linear head: class labels and names, how its margins become probabilities, and what it may do by itself."""

    target: Target
    classes: tuple[str, ...]
    names: Mapping[str, str]
    calibration: Calibration
    policy: Policy

    @cached_property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Each class's label and name; where it has no name, the label twice."""
        return tuple((label, self.names.get(label, label)) for label in self.classes)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a text must show to be answered at all; below any of these the model abstains.

    margin: how much it is like a complaint, by the weights of its signs [OF_TEXT + heads] (`models.likeness`).
    known_share: of the text's character 2-grams, those that the model knows. characters: Han characters in title and text.
    """

    margin: float
    known_share: float
    characters: int
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The features: their look-up table, block (uint8 [v]) and spelling."""

    table: Keys
    row_bits: int
    blocks: npt.NDArray[np.uint8]
    spelling: Spelling
    block_weights: npt.NDArray[np.float64]

    @classmethod
    def of(cls, vectoriser: "ComplaintVectoriser") -> "Vocabulary":
        """The vocabulary of a fitted vectoriser."""
        return cls(
            vectoriser.table_,
            vectoriser.row_bits_,
            vectoriser.blocks_,
            vectoriser.spelling_,
            vectoriser.block_weights(),
        )


@dataclass(frozen=True)
class Records:
    """What is known of each feature, side by side; see `models.scorer.Scorer` for weights, numbers, places and bias.

    A head's weight is its int8 times the unit of the feature and head; the last byte is the odds; padding is 0.
    """

    weights: npt.NDArray[np.int8]
    places: npt.NDArray[np.int32]
    bias: npt.NDArray[np.float32]

    @property
    def numbers(self) -> npt.NDArray[np.float32]:
        """The floating-point numbers of the records."""
        return self.weights.view(np.float32)

    @property
    def idf(self) -> npt.NDArray[np.float32]:
        """Inverse document frequencies, each times its emphasis (`models.emphasis`) [v]."""
        return self.numbers[:, IDF]

    @classmethod
    def of(
        cls,
        idf: npt.NDArray[np.floating],
        heads: Sequence["Weights"],
        scope: "Weights",
        odds: npt.NDArray[np.int8],
    ) -> "Records":
        """Round each head's weights to 127 steps of the largest of their row; the scope has one column, kept as it is.

        127 steps keep a weight to 0.4% of the largest of its row. odds: int8 [v], see `models.likeness.ODDS`.
        """
        places = record_places([len(head.bias) for head in heads])
        width = _whole_lines(int(places[-1, 1]) + 1)
        weights, bias = np.zeros((len(idf), width), np.int8), np.zeros(width, np.float32)
        numbers = weights.view(np.float32)
        numbers[:, IDF], numbers[:, SCOPE] = idf, scope.weights[:, 0]
        bias[SCOPE], weights[:, -1] = scope.bias[0], odds
        for number, ((begin, end), head) in enumerate(zip(places.tolist(), heads, strict=True)):
            bias[begin:end] = head.bias
            for start in range(0, len(idf), _TOGETHER):
                part = slice(start, start + _TOGETHER)
                unit = np.abs(head.weights[part]).max(axis=1, initial=0.0) / np.float32(127)
                numbers[part, SCALES + number] = unit
                weights[part, begin:end] = np.rint(head.weights[part] / np.where(unit > 0, unit, 1)[:, None])
        return cls(weights, places, bias)

    def head(self, number: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Weights [v, classes] and bias of a head as floating point: what the scorer computes with."""
        begin, end = self.places[number].tolist()
        unit = self.numbers[:, SCALES + number, None]
        return self.weights[:, begin:end].astype(np.float32) * unit, self.bias[begin:end]

    def scope(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Weights [v, 1] and bias of the scope."""
        return self.numbers[:, SCOPE : SCOPE + 1], self.bias[SCOPE : SCOPE + 1]


def record_places(classes: Sequence[int]) -> npt.NDArray[np.int32]:
    """Where each head's weights begin and end in a record: int32 [h, 2], one after another."""
    begin = np.dtype(np.float32).itemsize * (SCALES + len(classes))
    ends = begin + np.cumsum(np.array(classes, np.int64))
    return np.stack([ends - classes, ends], axis=1).astype(np.int32)


def _whole_lines(size: int) -> int:
    # a record that begins at a line's begin and fills its lines: as few as can be are read for it
    return -(-size // LINE) * LINE


@dataclass(frozen=True)
class FittedModel:
    """Everything that an answer needs."""

    trie: Trie
    lexicon_digest: str
    vocabulary: Vocabulary
    heads: tuple[Head, ...]
    records: Records
    scope: Scope

    def spans(self) -> list[tuple[int, int]]:
        """Where each head's probabilities begin and end in `models.scores.Scores`."""
        return list(pairwise(accumulate((len(head.classes) for head in self.heads), initial=0)))

    def scorer(self) -> Scorer:
        """The arrays in the form that the compiled scorer takes: read-only, so that memory-mapped files do as well."""
        trie = self.trie
        return Scorer(
            Trie(_frozen(trie.nodes), _frozen(trie.first), trie.unknown),
            _frozen(self.vocabulary.table),
            self.vocabulary.row_bits,
            _frozen(self.records.weights),
            _frozen(self.records.numbers),
            _frozen(self.records.places),
            _frozen(self.records.bias),
            _frozen(np.array([head.calibration for head in self.heads], np.float64).reshape(-1, 3)),
            _frozen(self.vocabulary.block_weights),
            _frozen(np.array(self.scope.weights, np.float64)),
        )


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
