"""What a model is held against on the same rows: what an office can have without it.

majority, keywords, terms: see `training.measuring.baselines`. naive: TF-IDF of jieba's words and a linear SVM with scikit-learn's own
settings, the way that most people would do it. fasttext: supervised fastText, an extra that need not be there.
"""

import importlib.util
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from features.segment import JiebaSegmenter, Lexicon, is_word
from training.measuring.baselines import Keywords, Majority, Terms, term_lists

KEYWORD_ROWS = 20_000
"""Rows that keyword rules are made from, evenly spread: scikit-learn's counter holds every string of every text."""

CHUNK = 20_000
"""Texts that a peer is asked about at a time."""

_Documents = Sequence[tuple[str, ...]]
_Labels = npt.NDArray[np.str_]


class PeerName(StrEnum):
    """Who can be asked."""

    MAJORITY = "majority"
    KEYWORDS = "keywords"
    TERMS = "terms"
    NAIVE = "naive"
    FASTTEXT = "fasttext"


CHEAP = (PeerName.MAJORITY, PeerName.KEYWORDS, PeerName.TERMS)
"""Those that cost next to nothing beside a training."""


class PeerUnknown(ValueError):
    """A name that is none of a peer."""

    def __init__(self, name: str) -> None:
        self.name = name
        known = ", ".join(PeerName)
        super().__init__(f"没有名为 {name!r} 的基线，可选 {known} | there is no baseline {name!r}, known: {known}")


class Peer(Protocol):
    """Something that has learnt and can be asked."""

    def answer(self, texts: Sequence[str]) -> _Labels:
        """Give a label for each text."""


@dataclass(frozen=True, eq=False)
class Naive:
    """TF-IDF and a linear SVM, fitted."""

    pipeline: Pipeline

    @classmethod
    def learn(cls, texts: Sequence[str], labels: _Labels, lexicon: Lexicon) -> Self:
        """Fit both."""
        segment = JiebaSegmenter(lexicon)

        def words(text: str) -> list[str]:
            return [token for token in segment(text) if is_word(token)]

        return cls(
            Pipeline([("words", TfidfVectorizer(analyzer=words)), ("head", LinearSVC(random_state=0))]).fit(
                texts, labels
            )
        )

    def answer(self, texts: Sequence[str]) -> _Labels:
        """The class with the largest margin, per text."""
        return np.asarray(self.pipeline.predict(texts)).astype(str)


@dataclass(frozen=True, eq=False)
class FastText:
    """Supervised fastText on jieba's words and pairs of words; names: labels by its own codes."""

    model: Any
    names: Mapping[str, str]
    segment: JiebaSegmenter

    @classmethod
    def learn(cls, texts: Sequence[str], labels: Sequence[str], lexicon: Lexicon, threads: int = 1) -> Self:
        """Train, from a temporary file that holds the texts meanwhile; only one thread gives the same each time.

        fastText takes its rows in the order of the file, and of a file sorted by label it remembers the last ones: they are mixed.

        Raises:
            ModuleNotFoundError: the extra `bench` is not installed.

        """
        import fasttext  # noqa: PLC0415 - an extra

        segment = JiebaSegmenter(lexicon)
        codes = {label: f"__label__{code}" for code, label in enumerate(sorted(set(labels)))}
        mixed = np.random.default_rng(0).permutation(len(texts)).tolist()
        with tempfile.TemporaryDirectory(prefix="paidan-fasttext-") as folder:
            file = Path(folder) / "texts.txt"
            with file.open("w", encoding="utf-8") as stream:
                stream.writelines(f"{codes[labels[row]]} {_line(segment, texts[row])}\n" for row in mixed)
            model = fasttext.train_supervised(
                str(file), epoch=25, lr=0.5, wordNgrams=2, dim=100, minCount=2, thread=threads, verbose=0
            )
        return cls(model, {code: label for label, code in codes.items()}, segment)

    def answer(self, texts: Sequence[str]) -> _Labels:
        """The most probable class, per text."""
        said = self.model.predict([_line(self.segment, text) for text in texts])[0]
        return np.array([self.names[codes[0]] for codes in said], str)


def parse_peers(names: str) -> tuple[PeerName, ...]:
    """Read names as a command line has them, such as `majority,naive`. Raises PeerUnknown."""
    found = []
    for name in names.split(","):
        if name.strip() not in tuple(PeerName):
            raise PeerUnknown(name.strip())
        found.append(PeerName(name.strip()))
    return tuple(dict.fromkeys(found))


def installed(name: PeerName) -> bool:
    """Whether what a peer is made of is there."""
    return name is not PeerName.FASTTEXT or importlib.util.find_spec("fasttext") is not None


def suited(names: Iterable[PeerName], labels: npt.NDArray[np.object_]) -> tuple[PeerName, ...]:
    """Leave out those that have nothing to say of such labels: terms, where no label is a domain that has a list."""
    listed = bool(set(labels.tolist()) & term_lists().keys())
    return tuple(name for name in names if name is not PeerName.TERMS or listed)


def ask(
    names: Iterable[PeerName], learnt: _Documents, labels: _Labels, asked: _Documents, lexicon: Lexicon
) -> dict[PeerName, _Labels]:
    """Let each peer learn from normalised documents with labels, and return what it says of others, [len(asked)]."""
    found = {}
    for name in names if len(asked) else ():
        peer = _LEARN[name](learnt, labels, lexicon)
        found[name] = np.concatenate(
            [peer.answer(_texts(asked[start : start + CHUNK])) for start in range(0, len(asked), CHUNK)]
        )
    return found


def _keywords(learnt: _Documents, labels: _Labels, _lexicon: Lexicon) -> Keywords:
    rows = np.linspace(0, len(learnt) - 1, min(len(learnt), KEYWORD_ROWS)).astype(np.int64)
    return Keywords.learn(_texts([learnt[row] for row in rows.tolist()]), labels[rows])


_LEARN: Mapping[PeerName, Callable[[_Documents, _Labels, Lexicon], Peer]] = MappingProxyType(
    {
        PeerName.MAJORITY: lambda _, labels, __: Majority.learn(labels),
        PeerName.KEYWORDS: _keywords,
        PeerName.TERMS: lambda _, labels, __: Terms.learn(labels),
        PeerName.NAIVE: lambda learnt, labels, lexicon: Naive.learn(_texts(learnt), labels, lexicon),
        PeerName.FASTTEXT: lambda learnt, labels, lexicon: FastText.learn(_texts(learnt), labels.tolist(), lexicon),
    }
)


def _texts(documents: Iterable[tuple[str, ...]]) -> list[str]:
    return [" ".join(document) for document in documents]


def _line(segment: JiebaSegmenter, text: str) -> str:
    """Words separated by blanks, as fastText wants them."""
    return " ".join(" ".join(segment(text)).split())
