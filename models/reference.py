"""The same model out of scikit-learn's and jieba's own parts: for notebooks, and to hold the compiled scorer to.

Nothing here is fast and serving never opens it. Equal answers of two ways that share only the fitted numbers are what
makes the compiled one trustworthy.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from features.complaint import Complaint
from features.ngrams import CHARACTER_N
from features.normalise import Normaliser
from features.segment import JiebaSegmenter, Lexicon, is_word
from models.calibrated import CalibratedHead
from models.fitted import FIELDS, FittedModel
from models.prediction import Target


class ReadFields(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Complaints to their normalised fields, one row of texts each."""

    def fit(self, X: Iterable[Complaint], y: object = None) -> Self:  # noqa: ARG002, N803
        """Nothing to learn."""
        return self

    def transform(self, X: Iterable[Complaint]) -> list[tuple[str, ...]]:  # noqa: N803
        """Normalise every field."""
        normalise = Normaliser()
        return [tuple(normalise(getattr(complaint, name)).text for name in FIELDS) for complaint in X]


class OneField(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Rows of texts to the texts of one field."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def fit(self, X: object, y: object = None) -> Self:  # noqa: ARG002, N803
        """Nothing to learn."""
        return self

    def transform(self, X: Iterable[Sequence[str]]) -> list[str]:  # noqa: N803
        """Pick the field."""
        return [row[self.number] for row in X]


class Words:
    """An analyzer for scikit-learn's vectorisers: jieba's words, and each two that follow each other."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._segment = JiebaSegmenter(lexicon)

    def __call__(self, text: str) -> list[str]:
        """Words and pairs of words of a normalised text."""
        words = [token for token in self._segment(text) if is_word(token)]
        return words + [f"{a} {b}" for a, b in pairwise(words)]

    def __reduce__(self) -> tuple[Any, ...]:
        # a jieba tokenizer holds a lock, which cannot be pickled
        return Words, (self.lexicon,)


class Terms(dict[str, int]):
    """The terms of a vectoriser by their places, kept as one text: joblib writes each entry of a plain dictionary by itself."""

    def __reduce__(self) -> tuple[Any, ...]:
        # normalised text has no control characters
        return Terms.in_order, ("\0".join(self),)

    @classmethod
    def in_order(cls, terms: str) -> "Terms":
        """Number the terms, which are parted by NUL."""
        return cls((term, place) for place, term in enumerate(terms.split("\0")))


def reference_pipelines(model: FittedModel, lexicon: Lexicon) -> dict[Target, Pipeline]:
    """A pipeline per head, from complaints to probabilities.

    Raises ValueError where the lexicon is not the one that the model was trained with.
    """
    if lexicon.digest != model.lexicon_digest:
        raise ValueError("this lexicon is not the one that the model was trained with; install the model's version")
    blocks = model.vocabulary.blocks
    spelled = np.array(model.vocabulary.spelling.strings(), object)
    words = Words(lexicon)
    parts = []
    for block in np.unique(blocks).tolist():
        field, is_characters = divmod(block, 2)
        mine = blocks == block
        vectoriser = TfidfVectorizer(
            sublinear_tf=True,
            lowercase=False,
            **({"analyzer": "char", "ngram_range": (1, CHARACTER_N)} if is_characters else {"analyzer": words}),
        )
        # not as a parameter: notebooks print those, and a hundred thousand terms take minutes
        vectoriser.vocabulary_ = Terms.in_order("\0".join(spelled[mine]))
        vectoriser.idf_ = model.records.idf[mine].astype(np.float64)
        name = f"{FIELDS[field]}_{'characters' if is_characters else 'words'}"
        parts.append((name, Pipeline([("field", OneField(field)), ("tfidf", vectoriser)])))
    weights = {
        name: float(model.vocabulary.block_weights[block])
        for (name, _), block in zip(parts, np.unique(blocks), strict=True)
    }
    union = FeatureUnion(parts, transformer_weights=weights)
    pipelines: dict[Target, Pipeline] = {}
    for number, head in enumerate(model.heads):
        own, bias = model.records.head(number)
        fitted = CalibratedHead.of(np.array(head.classes), own, bias, head.calibration)
        pipelines[head.target] = Pipeline([("read", ReadFields()), ("features", union), ("head", fitted)])
    return pipelines
