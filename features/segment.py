"""Chinese word segmentation: jieba without its hidden Markov model, on a dictionary of our own.

The lexicon is jieba's dictionary plus the vocabulary of market regulation. Two segmenters read it: `JiebaSegmenter`,
the reference, and the compiled one in `features.trie`, which yields the same words.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jieba
import numpy as np
import numpy.typing as npt

from features.trie import Trie, build_trie

DOMAIN_WORDS = Path(__file__).parent / "data" / "lexicon.txt"
"""Terms of market regulation, a line each in jieba's form: word, frequency, part of speech."""


class BadLexicon(ValueError):
    """A line of a vocabulary file is not `word frequency [tag]`."""

    def __init__(self, path: Path, line: int, content: str) -> None:
        self.path, self.line, self.content = path, line, content
        super().__init__(
            f"{path.name}, line {line}: {content!r} is not 'word frequency [tag]' with frequency 1 or more"
        )


@dataclass(frozen=True)
class Lexicon:
    """Words with their frequencies; equal files give equal digests.

    `frequencies` also holds each prefix of a word, with 0, as jieba wants it.
    """

    frequencies: dict[str, int]
    total: int
    digest: str

    @classmethod
    def load(cls, domain_words: Path = DOMAIN_WORDS) -> "Lexicon":
        """Read jieba's own dictionary, then the domain's words over it. Raises BadLexicon."""
        base = Path(jieba.__file__).parent / "dict.txt"
        digest = hashlib.sha256()
        for path in (base, domain_words):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        # gen_pfdict closes the file that it is given
        frequencies, total = jieba.Tokenizer.gen_pfdict(base.open("rb"))
        for number, line in enumerate(domain_words.read_text(encoding="utf-8").splitlines(), 1):
            word, _, rest = line.strip().partition(" ")
            count = rest.split(" ")[0]
            if not word:
                continue
            if not count.isdigit() or int(count) < 1:
                raise BadLexicon(domain_words, number, line)
            frequencies[word] = int(count)
            total += int(count)
            for end in range(1, len(word)):
                frequencies.setdefault(word[:end], 0)
        return cls(frequencies, total, digest.hexdigest())

    def __reduce__(self) -> tuple[Any, ...]:
        """As one text and one array: joblib writes each entry of a dictionary by itself, which took half of a small training."""
        counts = np.fromiter(self.frequencies.values(), np.int64, len(self.frequencies))
        return _lexicon, ("\n".join(self.frequencies), counts, self.total, self.digest)

    @cached_property
    def trie(self) -> Trie:
        """The same words for the compiled segmenter."""
        return build_trie(self.frequencies, self.total)


def _lexicon(words: str, counts: npt.NDArray[np.int64], total: int, digest: str) -> Lexicon:
    return Lexicon(dict(zip(words.split("\n"), counts.tolist(), strict=True)), total, digest)


class JiebaSegmenter:
    """jieba's own code on an instance of its own: nothing of jieba's global state is read or changed."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._tokenizer = jieba.Tokenizer()
        self._tokenizer.FREQ = lexicon.frequencies
        self._tokenizer.total = lexicon.total
        # keeps jieba from loading its default dictionary and from writing a cache file beside other users' files
        self._tokenizer.initialized = True

    def __call__(self, text: str) -> list[str]:
        """Cut a text into tokens whose concatenation is the text."""
        return list(self._tokenizer.cut(text, HMM=False))


def is_word(token: str) -> bool:
    """Whether a token counts as a word: it begins with a Han character, an ASCII letter or digit, or a mask."""
    first = token[0]
    return (
        "\u4e00" <= first <= "\u9fff"
        or "\u3400" <= first <= "\u4dbf"
        or ("0" <= first <= "9")
        or ("A" <= first <= "Z")
        or ("a" <= first <= "z")
        or "\ue000" <= first <= "\uf8ff"
    )


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """The text as UTF-32 code points, the form that compiled code reads."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
