"""Words that tell a class from the others: what a person reads before believing what a model learnt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer

from features.privacy import TOKENS

SHOWN_WORDS = 8
"""Words of a class."""

LEAST_ROWS = 5
"""Texts that a word must occur in: a word of fewer texts may be the name of a person or of a shop."""

PRIOR = 1_000.0
"""Occurrences that each class is given in advance, in the proportions of all texts: it quiets rare words."""

_MASKED = frozenset(TOKENS)


@dataclass(frozen=True, slots=True)
class ClassWord:
    """A word and how far it is over-represented: `z` is the log-odds ratio in standard deviations."""

    word: str
    z: float


@dataclass(frozen=True, slots=True)
class ClassWords:
    """A class, its rows, and its words, the most telling first; fewer, or none, where nothing tells it."""

    label: str
    rows: int
    words: tuple[ClassWord, ...]


def class_words(
    texts: Sequence[str] | npt.NDArray[np.object_],
    labels: npt.NDArray[np.object_],
    words_of: Callable[[str], list[str]],
    shown: int = SHOWN_WORDS,
    least_rows: int = LEAST_ROWS,
) -> tuple[ClassWords, ...]:
    """Rank the words of each class against those of all the others, most frequent class first.

    `texts` (normalised) and `labels` have shape (rows,); a row with an empty one does not count. A word counts once in
    a text. Words in which personal data was masked are left out.

    The score is the log-odds ratio with an informative Dirichlet prior, equations 16 and 22 of Monroe, Colaresi and
    Quinn, "Fightin' Words" (Political Analysis, 2008).
    """
    used = np.array([bool(text) and bool(label) for text, label in zip(texts, labels, strict=True)], bool)
    classes, codes = np.unique(labels[used].astype(str), return_inverse=True)
    read = [_unmasked(words_of(texts[row])) for row in np.flatnonzero(used).tolist()]
    if not any(read):
        return ()
    counter = CountVectorizer(analyzer=set, binary=True)
    occurs = counter.fit_transform(read)
    frequent = np.flatnonzero(np.asarray(occurs.sum(axis=0)).ravel() >= least_rows)
    names = counter.get_feature_names_out()[frequent]
    occurs = occurs[:, frequent]
    everywhere = np.asarray(occurs.sum(axis=0), np.float64).ravel()
    prior = PRIOR * everywhere / max(everywhere.sum(), 1)
    found = []
    for place, label in enumerate(classes.tolist()):
        mine = np.flatnonzero(codes == place)
        inside = np.asarray(occurs[mine].sum(axis=0), np.float64).ravel()
        z = _log_odds(inside, everywhere - inside, prior)
        best = [at for at in np.argsort(-z, kind="stable")[:shown].tolist() if z[at] > 0]
        found.append(ClassWords(label, len(mine), tuple(ClassWord(str(names[at]), float(z[at])) for at in best)))
    return tuple(sorted(found, key=lambda each: -each.rows))


def _log_odds(
    inside: npt.NDArray[np.float64], outside: npt.NDArray[np.float64], prior: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    one, other = inside + prior, outside + prior
    # a lone word is all there is: its odds have no end
    rest, other_rest = np.maximum(one.sum() - one, 1e-9), np.maximum(other.sum() - other, 1e-9)
    gap = np.log(one / rest) - np.log(other / other_rest)
    return np.asarray(gap / np.sqrt(1 / one + 1 / other))


def _unmasked(words: Sequence[str]) -> list[str]:
    return [word for word in words if _MASKED.isdisjoint(word)]
