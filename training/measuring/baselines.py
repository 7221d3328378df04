"""What a model must beat: the most frequent class, and keyword rules such as offices use by hand, learnt or written."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Self

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer

from features.normalise import Normaliser
from training.measuring.words import Words

KEYWORDS = 30
"""Words per class."""

TERMS = Path(__file__).parent / "terms.csv"
"""Words of market regulation by domain of the demo taxonomy (columns domain, term); GEN, which is for all else, has none."""

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


@dataclass(frozen=True, eq=False)
class Terms:
    """The domain of whose written list the most terms occur in a text; the most frequent class where none does."""

    finder: Words
    domains: Sequence[tuple[int, ...]]
    classes: _Labels
    otherwise: Majority

    @classmethod
    def learn(cls, labels: _Labels) -> Self:
        """Take the lists of those domains that occur among the labels: nothing else is learnt, but the majority."""
        lists = term_lists()
        classes = sorted(set(labels.tolist()) & lists.keys())
        terms = sorted(set(chain.from_iterable(lists[domain] for domain in classes)))
        domains = [tuple(place for place, domain in enumerate(classes) if term in lists[domain]) for term in terms]
        return cls(Words(terms), domains, np.array(classes, str), Majority.learn(labels))

    def answer(self, texts: _Texts) -> _Labels:
        """The domain with the most different terms, per text."""
        return np.array([self._answer(text) for text in texts], str)

    def _answer(self, text: str) -> str:
        found = {term for term, _, _ in self.finder.in_text(text)}
        if not found:
            return self.otherwise.label
        hits = np.bincount([place for term in found for place in self.domains[term]], minlength=len(self.classes))
        return str(self.classes[hits.argmax()])


@cache
def term_lists() -> Mapping[str, frozenset[str]]:
    """Read the written lists: normalised terms by domain."""
    normalise = Normaliser()
    lists: dict[str, set[str]] = {}
    with TERMS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lists.setdefault(row["domain"], set()).add(normalise.text_of(row["term"]).strip())
    return MappingProxyType({domain: frozenset(terms) for domain, terms in lists.items()})
