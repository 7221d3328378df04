"""What a model must beat: the most frequent class, and keyword rules such as offices use by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer

KEYWORDS = 30
"""Words per class."""

_Texts = Sequence[str]
_Labels = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Majority:
    """Always the most frequent class."""

    label: str

    @classmethod
    def learn(cls, labels: _Labels) -> Self:
        """Find it."""
        values, counts = np.unique(labels, return_counts=True)
        return cls(str(values[counts.argmax()]))

    def answer(self, texts: _Texts) -> _Labels:
        """The same for every text."""
        return np.full(len(texts), self.label)


@dataclass(frozen=True, eq=False)
class Keywords:
    """The class whose list of words occurs most often in a text; the most frequent class where no list does."""

    counter: CountVectorizer
    lists: npt.NDArray[np.bool_]
    classes: _Labels
    otherwise: Majority

    @classmethod
    def learn(cls, texts: _Texts, labels: _Labels) -> Self:
        """Give each class the KEYWORDS 2- to 4-character strings that are most over-represented in it.

        The score is the log ratio of smoothed document shares, weighted by the documents of the class (Wang and
        Manning's log-count ratio, ACL 2012, times support).
        """
        counter = CountVectorizer(analyzer="char", ngram_range=(2, 4), min_df=3, binary=True, max_features=50_000)
        try:
            occurs = counter.fit_transform(texts)
        except ValueError:  # of a handful of texts no string is in three
            occurs = counter.set_params(min_df=1).fit_transform(texts)
        classes = np.unique(labels)
        lists = np.zeros((occurs.shape[1], len(classes)), bool)
        everywhere = np.asarray(occurs.sum(axis=0)).ravel()
        for place, label in enumerate(classes):
            mine = labels == label
            inside = np.asarray(occurs[np.flatnonzero(mine)].sum(axis=0)).ravel()
            outside = everywhere - inside
            ratio = np.log((inside + 1) / (mine.sum() + 2)) - np.log((outside + 1) / ((~mine).sum() + 2))
            score = ratio * inside
            best = np.argsort(-score, kind="stable")[:KEYWORDS]
            # a string that is rarer inside than outside speaks for the others
            lists[best[score[best] > 0], place] = True
        return cls(counter, lists, classes, Majority.learn(labels))

    def answer(self, texts: _Texts) -> _Labels:
        """The class with the most hits, per text."""
        hits = self.counter.transform(texts) @ self.lists
        best = self.classes[hits.argmax(axis=1)]
        return np.where(hits.max(axis=1) > 0, best, self.otherwise.label)
