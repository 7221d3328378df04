"""The compiled segmenter: jieba's most probable path without HMM, over a trie in three flat arrays.

The algorithm is jieba 0.42.1's `get_DAG`, `calc` and `__cut_DAG_NO_HMM`, with the same arithmetic in the same order,
so that ties break alike. A trie node is the index of a slot of an open-addressing table; a slot's key is its parent's
slot and its character.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index
from features.prefetch import prefetch

_EMPTY = np.uint64(0)
_NO_LETTER = np.uint32(0)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP 3, 6.4)

Nodes = npt.NDArray[np.uint64]


class Trie(NamedTuple):
    """All words of a lexicon.

    nodes: uint64 [slots, 2], side by side for they are read together: the key, (parent slot + 1) << 21 | character, 0
        where a slot is free; and the bits of the float64 log probability, NaN where a slot is only a prefix. The root's
        number is -1.
    first: int32 [65536], the slot of each one-character prefix, -1 where there is none.
    unknown: log probability of a character that no word begins with.
    """

    nodes: Nodes
    first: npt.NDArray[np.int32]
    unknown: float

    @property
    def log_probability(self) -> npt.NDArray[np.float64]:
        """Of each slot's word [slots]."""
        return self.nodes.view(np.float64)[:, 1]


@compiled(inline="always")
def _slot_of(key: np.uint64, shift: np.uint64) -> np.int64:
    return np.int64((key * _MULTIPLIER) >> shift)


@compiled(inline="always")
def _key_of(parent: np.int64, character: np.uint32) -> np.uint64:
    return (np.uint64(parent + 1) << np.uint64(21)) | np.uint64(character)


@compiled(inline="always")
def _find(nodes: Nodes, shift: np.uint64, parent: np.int64, character: np.uint32) -> np.int64:
    key = _key_of(parent, character)
    mask = len(nodes) - 1
    slot = _slot_of(key, shift)
    while nodes[index(slot), 0] != _EMPTY:
        if nodes[index(slot), 0] == key:
            return slot
        slot = (slot + 1) & mask
    return np.int64(-1)


@compiled()
def _insert_words(
    characters: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    nodes: Nodes,
    first: npt.NDArray[np.int32],
) -> None:
    log_probability = nodes.view(np.float64)
    log_probability[:, 1] = np.nan
    mask = len(nodes) - 1
    shift = np.uint64(64 - int(np.log2(len(nodes)) + 0.5))
    start = 0
    for word in range(len(ends)):
        parent = np.int64(-1)
        for position in range(start, ends[word]):
            key = (np.uint64(parent + 1) << np.uint64(21)) | np.uint64(characters[position])
            slot = _slot_of(key, shift)
            while nodes[slot, 0] != _EMPTY and nodes[slot, 0] != key:
                slot = (slot + 1) & mask
            nodes[slot, 0] = key
            if parent < 0 and characters[position] < 65536:
                first[characters[position]] = slot
            parent = slot
        log_probability[parent, 1] = values[word]
        start = ends[word]


def build_trie(frequencies: Mapping[str, int], total: int) -> Trie:
    """Build the trie of all words with a frequency of 1 or more; their prefixes come by themselves."""
    words = [word for word, count in frequencies.items() if count]
    log_total = math.log(total)
    values = np.array([math.log(frequencies[word]) - log_total for word in words])
    characters = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32)
    ends = np.cumsum(np.array([len(word) for word in words], np.int64))
    # below half full, a look-up meets 1.5 slots on average
    slots = 1 << max(4, math.ceil(math.log2(2 * max(1, len(frequencies)))))
    nodes = np.zeros((slots, 2), np.uint64)
    first = np.full(65536, -1, np.int32)
    _insert_words(characters, ends, values, nodes, first)
    return Trie(nodes, first, -log_total)


@compiled(inline="always")
def _is_letter_or_digit(c: np.uint32) -> bool:
    return ((c >= 48) & (c <= 57)) | ((c >= 65) & (c <= 90)) | ((c >= 97) & (c <= 122))


@compiled(inline="always")
def _in_dictionary_block(c: np.uint32) -> bool:
    # jieba's re_han_default: [\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]
    return (
        ((c >= 0x4E00) & (c <= 0x9FD5))
        | _is_letter_or_digit(c)
        | (c == 43)
        | (c == 35)
        | (c == 38)
        | (c == 46)
        | (c == 95)
        | (c == 37)
        | (c == 45)
    )


class Paths(NamedTuple):
    """Working space of `segment` for up to n characters; each call or thread has its own.

    letters: uint32 [n + 2], the characters that words are made of, and for each other one _NO_LETTER. nodes: int32 [n], what
    each begins. scores: float64 [n + 2], of the best path from each to the end. ends: int32 [n], where its first word ends.
    """

    letters: npt.NDArray[np.uint32]
    nodes: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float64]
    ends: npt.NDArray[np.int32]


@compiled()
def paths(length: int) -> Paths:
    """Working space for texts of up to `length` characters."""
    return Paths(
        np.empty(length + 2, np.uint32),
        np.empty(length, np.int32),
        np.empty(length + 2, np.float64),
        np.empty(length, np.int32),
    )


@compiled(borrows=True)
def _find_pairs(text: npt.NDArray[np.uint32], begin: int, length: int, trie: Trie, space: Paths) -> None:
    """Write what words are made of, and the node of each two characters that a word begins with, else -1.

    What comes next is asked for ahead, first of all pairs, then of all that may go on: their waits for memory overlap.
    """
    letters, nodes, _, _ = space
    shift = np.uint64(64 - int(np.log2(len(trie.nodes)) + 0.5))
    for i in range(length):
        c = text[index(begin + i)]
        letters[index(i)] = c if _in_dictionary_block(c) else _NO_LETTER
    letters[index(length)] = _NO_LETTER
    letters[index(length + 1)] = _NO_LETTER
    for i in range(length):
        first = trie.first[index(letters[index(i)])]
        nodes[index(i)] = first
        prefetch(trie.nodes, 2 * _slot_of(_key_of(np.int64(first), letters[index(i + 1)]), shift))
    for i in range(length):
        node = np.int64(-1)
        if nodes[index(i)] >= 0 and letters[index(i + 1)] != _NO_LETTER:
            node = _find(trie.nodes, shift, np.int64(nodes[index(i)]), letters[index(i + 1)])
            if node >= 0:
                prefetch(trie.nodes, 2 * _slot_of(_key_of(node, letters[index(i + 2)]), shift))
        nodes[index(i)] = node


@compiled(borrows=True)
def segment(
    text: npt.NDArray[np.uint32],
    begin: int,
    stop: int,
    trie: Trie,
    space: Paths,
    starts: npt.NDArray[np.int32],
) -> int:
    """Cut text[begin:stop]; write the first position of each token into `starts` and return how many there are.

    `starts` needs stop - begin + 1 places; the place after the last token holds `stop`.
    """
    letters, nodes, scores, ends = space
    log_probability = trie.nodes.view(np.float64)
    shift = np.uint64(64 - int(np.log2(len(trie.nodes)) + 0.5))
    length = stop - begin
    _find_pairs(text, begin, length, trie, space)
    count = 0
    p = 0
    while p < length:
        if letters[index(p)] == _NO_LETTER:
            starts[index(count)] = begin + p
            count += 1
            # jieba yields "\r\n" as one token
            here = begin + p
            p += 2 if text[index(here)] == 13 and p + 1 < length and text[index(here + 1)] == 10 else 1
            continue
        q = p
        while letters[index(q)] != _NO_LETTER:
            q += 1
        scores[index(q)] = 0.0
        for i in range(q - 1, p - 1, -1):
            # jieba takes the maximum of (score, end): of equal scores the longer word. NaN, which is no word, is never more
            best, end = -np.inf, i + 1
            node, j = np.int64(nodes[index(i)]), i + 2
            while node >= 0:
                score = log_probability[index(node), 1] + scores[index(j)]
                better = score >= best
                best, end = (score, j) if better else (best, end)
                if letters[index(j)] == _NO_LETTER:
                    break
                node = _find(trie.nodes, shift, node, letters[index(j)])
                j += 1
            first = trie.first[index(letters[index(i)])]
            score = log_probability[index(first), 1] + scores[index(i + 1)] if first >= 0 else -np.inf
            better = score > best
            best, end = (score, i + 1) if better else (best, end)
            scores[index(i)] = best if best > -np.inf else trie.unknown + scores[index(i + 1)]
            ends[index(i)] = end
        in_letters = False
        x = p
        while x < q:
            y = ends[index(x)]
            if y - x == 1 and _is_letter_or_digit(letters[index(x)]):
                # letters and digits that no word claims are joined into one token
                if not in_letters:
                    starts[index(count)] = begin + x
                    count += 1
                    in_letters = True
            else:
                starts[index(count)] = begin + x
                count += 1
                in_letters = False
            x = y
        p = q
    starts[index(count)] = stop
    return count


class CompiledSegmenter:
    """`JiebaSegmenter` in compiled code: the same tokens on every text, without the global interpreter lock."""

    def __init__(self, trie: Trie) -> None:
        self._trie = trie

    def __call__(self, text: str) -> list[str]:
        """Cut a text into tokens whose concatenation is the text."""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        starts = np.empty(len(points) + 1, np.int32)
        count = segment(points, 0, len(points), self._trie, paths(len(points)), starts)
        edges = starts[: count + 1].tolist()
        return [text[a:b] for a, b in pairwise(edges)]
