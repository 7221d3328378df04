"""N-grams of a document as 64-bit keys, counted and looked up in compiled code.

A document is its fields' code points one after another. Each field has two blocks of n-grams: words 1 to 2
(block 2f) and characters 1 to 4 (block 2f + 1); a block's number goes into its keys, so that "价格" in a title and in
a text, or as word and as two characters, are different features. Two of v different n-grams share a key with
probability below v**2 / 2**65: 3e-8 for a million.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index
from features.trie import Paths, Trie, paths, segment

WORD_N = 2
CHARACTER_N = 4

_MIX = np.uint64(0xFF51AFD7ED558CCD)  # MurmurHash3's 64-bit finaliser
_SHIFT = np.uint64(32)
_BETWEEN_WORDS = np.uint64(0x20)

Keys = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int32]


@compiled(inline="always")
def _mix(h: np.uint64, value: np.uint64) -> np.uint64:
    h = (h ^ value) * _MIX
    return h ^ (h >> _SHIFT)


@compiled(inline="always")
def _counts_as_word(c: np.uint32) -> bool:
    # the same rule as features.segment.is_word
    return (
        0x4E00 <= c <= 0x9FFF
        or 0x3400 <= c <= 0x4DBF
        or (48 <= c <= 57)
        or (65 <= c <= 90)
        or (97 <= c <= 122)
        or 0xE000 <= c <= 0xF8FF
    )


class Scratch(NamedTuple):
    """Working space for `emit`, big enough for one document of n characters; each call or thread has its own.

    token_starts: [n + n_fields], where each token begins, and after a field's last the field's end. token_counts:
    [n_fields]. keys, starts, ends: [6 * n], of each n-gram. block_ends: [2 * n_fields], where each block's n-grams end.
    """

    token_starts: Positions
    token_counts: Positions
    keys: Keys
    starts: Positions
    ends: Positions
    block_ends: Positions
    paths: Paths


@compiled()
def scratch(length: int, n_fields: int) -> Scratch:
    """Working space for documents of up to `length` characters."""
    places = (WORD_N + CHARACTER_N) * length
    return Scratch(
        np.empty(length + n_fields + 1, np.int32),
        np.empty(n_fields, np.int32),
        np.empty(places, np.uint64),
        np.empty(places, np.int32),
        np.empty(places, np.int32),
        np.empty(2 * n_fields, np.int32),
        paths(length),
    )


@compiled(borrows=True)
def emit(
    text: npt.NDArray[np.uint32],
    fields: Positions,
    trie: Trie,
    space: Scratch,
) -> int:
    """Write the key and the place of every n-gram, block by block; return how many there are.

    fields: int32 [n_fields + 1], where each field begins, and the end of the text. space: where it is written.
    """
    token_starts, token_counts, keys, starts, ends, block_ends, _ = space
    n = 0
    token_base = 0
    for field in range(len(fields) - 1):
        begin, stop = fields[field], fields[field + 1]
        tokens = 0
        if stop > begin:
            tokens = segment(
                text,
                begin,
                stop,
                trie,
                space.paths,
                token_starts[token_base:],
            )
        token_counts[field] = tokens
        seed = _mix(np.uint64(0), np.uint64(2 * field + 1))
        previous = np.uint64(0)
        previous_start = 0
        for t in range(token_base, token_base + tokens):
            a, b = token_starts[index(t)], token_starts[index(t + 1)]
            if not _counts_as_word(text[index(a)]):
                continue
            h = seed
            for i in range(a, b):
                h = _mix(h, np.uint64(text[index(i)]))
            keys[index(n)] = h
            starts[index(n)] = a
            ends[index(n)] = b
            n += 1
            if previous != 0:
                # one mix more, lest the order of the two be lost and a word twice come out the same as any other twice
                keys[index(n)] = _mix(_mix(previous, _BETWEEN_WORDS), h)
                starts[index(n)] = previous_start
                ends[index(n)] = b
                n += 1
            previous = h
            previous_start = a
        block_ends[2 * field] = n
        seed = _mix(np.uint64(0), np.uint64(2 * field + 2))
        for a in range(begin, stop - CHARACTER_N + 1):
            h = seed
            # as many steps as the compiler can count
            for size in range(CHARACTER_N):
                h = _mix(h, np.uint64(text[index(a + size)]))
                keys[index(n + size)] = h
                starts[index(n + size)] = a
                ends[index(n + size)] = a + size + 1
            n += CHARACTER_N
        for a in range(max(begin, stop - CHARACTER_N + 1), stop):
            h = seed
            for b in range(a, stop):
                h = _mix(h, np.uint64(text[index(b)]))
                keys[index(n)] = h
                starts[index(n)] = a
                ends[index(n)] = b + 1
                n += 1
        block_ends[2 * field + 1] = n
        token_base += tokens + 1
    return n


class Corpus(NamedTuple):
    """Many documents without a gap: code points, where each field of each document begins, and the longest document.

    text: uint32 [characters]; fields: int64 [documents * n_fields + 1].
    """

    text: npt.NDArray[np.uint32]
    fields: npt.NDArray[np.int64]
    n_fields: int
    longest: int

    @property
    def documents(self) -> int:
        """How many documents there are."""
        return (len(self.fields) - 1) // self.n_fields


@compiled(borrows=True)
def document_at(
    fields: npt.NDArray[np.int64], n_fields: int, document: int, relative: Positions
) -> tuple[np.int64, np.int64]:
    """Write where the document's fields begin, counted from its own begin; return where it begins and ends."""
    begin = fields[document * n_fields]
    for f in range(n_fields + 1):
        relative[f] = np.int32(fields[document * n_fields + f] - begin)
    return begin, fields[(document + 1) * n_fields]
