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
def _find(nodes: Nodes, shift: np.uint64, parent: np.int64, character: np.uint32) -> np.int64:
    key = (np.uint64(parent + 1) << np.uint64(21)) | np.uint64(character)
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
    return (48 <= c <= 57) or (65 <= c <= 90) or (97 <= c <= 122)


@compiled(inline="always")
def _in_dictionary_block(c: np.uint32) -> bool:
    # jieba's re_han_default: [\u4E00-\u9FD5a-zA-Z0-9+#&\._%\-]
    return (
        0x4E00 <= c <= 0x9FD5
        or _is_letter_or_digit(c)
        or c == 43
        or c == 35
        or c == 38
        or c == 46
        or c == 95
        or c == 37
        or c == 45
    )


@compiled()
def segment(
    text: npt.NDArray[np.uint32],
    begin: int,
    stop: int,
    nodes: Nodes,
    first: npt.NDArray[np.int32],
    unknown: float,
    starts: npt.NDArray[np.int32],
) -> int:
    """Cut text[begin:stop]; write the first position of each token into `starts` and return how many there are.

    `starts` needs stop - begin + 1 places; the place after the last token holds `stop`.
    """
    log_probability = nodes.view(np.float64)
    shift = np.uint64(64 - int(np.log2(len(nodes)) + 0.5))
    length = stop - begin
    for i in range(begin, stop - 1):
        parent = first[text[index(i)]] if text[index(i)] < len(first) else -1
        if parent >= 0:
            key = (np.uint64(parent + 1) << np.uint64(21)) | np.uint64(text[index(i + 1)])
            prefetch(nodes, 2 * _slot_of(key, shift))
    score = np.empty(length + 1, np.float64)
    end_of = np.empty(length, np.int32)
    count = 0
    p = begin
    while p < stop:
        if not _in_dictionary_block(text[index(p)]):
            starts[index(count)] = p
            count += 1
            # jieba yields "\r\n" as one token
            p += 2 if text[index(p)] == 13 and p + 1 < stop and text[index(p + 1)] == 10 else 1
            continue
        q = p
        while q < stop and _in_dictionary_block(text[index(q)]):
            q += 1
        score[index(q - begin)] = 0.0
        for i in range(q - 1, p - 1, -1):
            best = unknown + score[index(i + 1 - begin)]
            end = i + 1
            known = False
            node = np.int64(first[text[index(i)]])
            j = i
            while node >= 0:
                value = log_probability[index(node), 1]
                if not np.isnan(value):
                    candidate = value + score[index(j + 1 - begin)]
                    # jieba takes the maximum of (score, end): of equal scores the longer word
                    if not known or candidate >= best:
                        best = candidate
                        end = j + 1
                        known = True
                j += 1
                if j >= q:
                    break
                node = _find(nodes, shift, node, text[index(j)])
            score[index(i - begin)] = best
            end_of[index(i - begin)] = end
        in_letters = False
        x = p
        while x < q:
            y = end_of[index(x - begin)]
            if y - x == 1 and _is_letter_or_digit(text[index(x)]):
                # letters and digits that no word claims are joined into one token
                if not in_letters:
                    starts[index(count)] = x
                    count += 1
                    in_letters = True
            else:
                starts[index(count)] = x
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
        count = segment(points, 0, len(points), *self._trie, starts)
        edges = starts[: count + 1].tolist()
        return [text[a:b] for a, b in pairwise(edges)]
