"""N-grams of a document as 64-bit keys, counted and looked up in compiled code.

A document is its fields' code points one after another. Each field has two blocks of n-grams: words 1 to 2
(block 2f) and characters 1 to 4 (block 2f + 1); a block's number goes into its keys, so that "价格" in a title and in
a text, or as word and as two characters, are different features. Two of v different n-grams share a key with
probability below v**2 / 2**65: 3e-8 for a million.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.trie import segment

WORD_N = 2
CHARACTER_N = 4

_MIX = np.uint64(0xFF51AFD7ED558CCD)  # MurmurHash3's 64-bit finaliser
_SHIFT = np.uint64(32)
_ONE = np.uint64(1)
_BETWEEN_WORDS = np.uint64(0x20)
_FREE = np.uint64(0xFFFFFFFFFFFFFFFF)

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


@compiled()
def emit(
    text: npt.NDArray[np.uint32],
    fields: Positions,
    trie_keys: Keys,
    trie_values: npt.NDArray[np.float64],
    trie_first: Positions,
    trie_unknown: float,
    token_starts: Positions,
    token_counts: Positions,
    keys: Keys,
    starts: Positions,
    ends: Positions,
    block_ends: Positions,
) -> int:
    """Write the key and the place of every n-gram, block by block; return how many there are.

    fields: int32 [n_fields + 1], where each field begins, and the end of the text.
    token_starts: needs len(text) + n_fields places; token_counts: [n_fields].
    keys, starts, ends: need 6 * len(text) places. block_ends: int32 [2 * n_fields], where each block's n-grams end.
    """
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
                trie_keys,
                trie_values,
                trie_first,
                trie_unknown,
                token_starts[token_base:],
            )
        token_counts[field] = tokens
        seed = _mix(np.uint64(0), np.uint64(2 * field + 1))
        previous = np.uint64(0)
        previous_start = 0
        for t in range(token_base, token_base + tokens):
            a, b = token_starts[t], token_starts[t + 1]
            if not _counts_as_word(text[a]):
                continue
            h = seed
            for i in range(a, b):
                h = _mix(h, np.uint64(text[i]))
            keys[n] = h
            starts[n] = a
            ends[n] = b
            n += 1
            if previous != 0:
                # one mix more, lest the order of the two be lost and a word twice come out the same as any other twice
                keys[n] = _mix(_mix(previous, _BETWEEN_WORDS), h)
                starts[n] = previous_start
                ends[n] = b
                n += 1
            previous = h
            previous_start = a
        block_ends[2 * field] = n
        seed = _mix(np.uint64(0), np.uint64(2 * field + 2))
        for a in range(begin, stop):
            h = seed
            for b in range(a, min(a + CHARACTER_N, stop)):
                h = _mix(h, np.uint64(text[b]))
                keys[n] = h
                starts[n] = a
                ends[n] = b + 1
                n += 1
        block_ends[2 * field + 1] = n
        token_base += tokens + 1
    return n


class Scratch(NamedTuple):
    """Working space for `emit`, big enough for one document; each call or thread has its own."""

    token_starts: Positions
    token_counts: Positions
    keys: Keys
    starts: Positions
    ends: Positions
    block_ends: Positions


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
    )


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


@compiled()
def _document(
    fields: npt.NDArray[np.int64], n_fields: int, document: int, relative: Positions
) -> tuple[np.int64, np.int64]:
    begin = fields[document * n_fields]
    for f in range(n_fields + 1):
        relative[f] = np.int32(fields[document * n_fields + f] - begin)
    return begin, fields[(document + 1) * n_fields]


@compiled()
def _grow(
    keys: Keys, counts: Positions, last: Positions, blocks: npt.NDArray[np.uint8]
) -> tuple[Keys, Positions, Positions, npt.NDArray[np.uint8]]:
    size = 2 * len(keys)
    mask = size - 1
    new_keys = np.zeros(size, np.uint64)
    new_counts = np.zeros(size, np.int32)
    new_last = np.empty(size, np.int32)
    new_blocks = np.empty(size, np.uint8)
    for i in range(len(keys)):
        if counts[i]:
            slot = np.int64(keys[i]) & mask
            while new_counts[slot]:
                slot = (slot + 1) & mask
            new_keys[slot] = keys[i]
            new_counts[slot] = counts[i]
            new_last[slot] = last[i]
            new_blocks[slot] = blocks[i]
    return new_keys, new_counts, new_last, new_blocks


@compiled()
def count_documents(
    text: npt.NDArray[np.uint32],
    fields: npt.NDArray[np.int64],
    n_fields: int,
    first_document: int,
    last_document: int,
    trie_keys: Keys,
    trie_values: npt.NDArray[np.float64],
    trie_first: Positions,
    trie_unknown: float,
    space: Scratch,
    keys: Keys,
    counts: Positions,
    last: Positions,
    blocks: npt.NDArray[np.uint8],
    used: int,
) -> tuple[Keys, Positions, Positions, npt.NDArray[np.uint8], int]:
    """Count in how many documents each n-gram occurs; go on with the table of an earlier call.

    keys, counts, last (the last document that was counted), blocks: an open-addressing table, a power of two long;
    counts are 0 where it is free. Returns the table, which may have grown, and how many n-grams it holds.
    """
    relative = np.empty(n_fields + 1, np.int32)
    for document in range(first_document, last_document):
        begin, stop = _document(fields, n_fields, document, relative)
        n = emit(
            text[begin:stop],
            relative,
            trie_keys,
            trie_values,
            trie_first,
            trie_unknown,
            space.token_starts,
            space.token_counts,
            space.keys,
            space.starts,
            space.ends,
            space.block_ends,
        )
        while 2 * (used + n) > len(keys):
            keys, counts, last, blocks = _grow(keys, counts, last, blocks)
        mask = len(keys) - 1
        i = 0
        for block in range(2 * n_fields):
            while i < space.block_ends[block]:
                key = space.keys[i]
                slot = np.int64(key) & mask
                while counts[slot] and keys[slot] != key:
                    slot = (slot + 1) & mask
                if counts[slot] == 0:
                    keys[slot] = key
                    blocks[slot] = block
                    counts[slot] = 1
                    last[slot] = document
                    used += 1
                elif last[slot] != document:
                    counts[slot] += 1
                    last[slot] = document
                i += 1
    return keys, counts, last, blocks, used


@compiled()
def add_counts(
    more_keys: Keys,
    more_counts: Positions,
    more_blocks: npt.NDArray[np.uint8],
    keys: Keys,
    counts: Positions,
    last: Positions,
    blocks: npt.NDArray[np.uint8],
    used: int,
) -> tuple[Keys, Positions, Positions, npt.NDArray[np.uint8], int]:
    """Add one table of `count_documents` to another, of other documents; returns the latter as it does."""
    for i in range(len(more_keys)):
        if more_counts[i] == 0:
            continue
        if 2 * (used + 1) > len(keys):
            keys, counts, last, blocks = _grow(keys, counts, last, blocks)
        mask = len(keys) - 1
        slot = np.int64(more_keys[i]) & mask
        while counts[slot] and keys[slot] != more_keys[i]:
            slot = (slot + 1) & mask
        if counts[slot] == 0:
            keys[slot] = more_keys[i]
            blocks[slot] = more_blocks[i]
            used += 1
        counts[slot] += more_counts[i]
    return keys, counts, last, blocks, used


@compiled()
def build_lookup(keys: Keys, slots: int, row_bits: int) -> Keys:
    """An open-addressing table from a key to its row, both packed into one word so that a look-up reads one place.

    A slot holds the key's low 64 - row_bits bits and the row; its place tells the key's high bits. slots is a power of
    two of at least 2 * len(keys); len(keys) < 2 ** row_bits.
    """
    table = np.full(slots, _FREE, np.uint64)
    shift = np.uint64(64 - int(np.log2(slots) + 0.5))
    mask = slots - 1
    for row in range(len(keys)):
        slot = np.int64(keys[row] >> shift)
        while table[slot] != _FREE:
            slot = (slot + 1) & mask
        table[slot] = (keys[row] << np.uint64(row_bits)) | np.uint64(row)
    return table


@compiled()
def look_up(table: Keys, shift: np.uint64, row_bits: np.uint64, key: np.uint64) -> np.int64:
    """The key's row, or -1. `shift` is 64 less the binary logarithm of the table's length."""
    mask = len(table) - 1
    slot = np.int64(key >> shift)
    wanted = key << row_bits
    row_mask = (_ONE << row_bits) - _ONE
    while True:
        entry = table[slot]
        if entry == _FREE:
            return np.int64(-1)
        if entry & ~row_mask == wanted:
            return np.int64(entry & row_mask)
        slot = (slot + 1) & mask


@compiled()
def transform_documents(
    text: npt.NDArray[np.uint32],
    fields: npt.NDArray[np.int64],
    n_fields: int,
    first_document: int,
    last_document: int,
    trie_keys: Keys,
    trie_values: npt.NDArray[np.float64],
    trie_first: Positions,
    trie_unknown: float,
    space: Scratch,
    table: Keys,
    row_bits: int,
    idf: npt.NDArray[np.float64],
    block_weights: npt.NDArray[np.float64],
    counts: Positions,
    columns: Positions,
    values: npt.NDArray[np.float32],
    row_ends: npt.NDArray[np.int64],
    seen: npt.NDArray[np.int64],
) -> int:
    """Write the rows of a sparse matrix: (1 + ln tf) * idf, each block to length `block_weights[block]`.

    counts: int32 [features], all zero before and after. columns, values: need 6 places a character.
    row_ends: int64 [documents], where each row ends. seen: int64 [features, 4] or empty: where a feature was first met
    (start and end in `text`; for two words start and end of each), -1 before. Returns how many values were written.
    """
    relative = np.empty(n_fields + 1, np.int32)
    shift = np.uint64(64 - int(np.log2(len(table)) + 0.5))
    bits = np.uint64(row_bits)
    n_values = 0
    for document in range(first_document, last_document):
        begin, stop = _document(fields, n_fields, document, relative)
        emit(
            text[begin:stop],
            relative,
            trie_keys,
            trie_values,
            trie_first,
            trie_unknown,
            space.token_starts,
            space.token_counts,
            space.keys,
            space.starts,
            space.ends,
            space.block_ends,
        )
        i = 0
        for block in range(2 * n_fields):
            first_value = n_values
            while i < space.block_ends[block]:
                row = look_up(table, shift, bits, space.keys[i])
                if row >= 0:
                    if counts[row] == 0:
                        columns[n_values] = row
                        n_values += 1
                        if len(seen) and seen[row, 0] < 0:
                            a, b = space.starts[i], space.ends[i]
                            seen[row, 0] = begin + a
                            seen[row, 1] = begin + b
                            # two words come right after the second of them, and two places after what ends with the first
                            if block % 2 == 0 and i > 0 and b == space.ends[i - 1] and a < space.starts[i - 1]:
                                seen[row, 1] = begin + space.ends[i - 2]
                                seen[row, 2] = begin + space.starts[i - 1]
                                seen[row, 3] = begin + b
                    counts[row] += 1
                i += 1
            squares = 0.0
            for v in range(first_value, n_values):
                weight = (1.0 + np.log(np.float64(counts[columns[v]]))) * idf[columns[v]]
                counts[columns[v]] = 0
                values[v] = weight
                squares += weight * weight
            if squares > 0:
                scale = block_weights[block] / np.sqrt(squares)
                for v in range(first_value, n_values):
                    values[v] *= scale
        row_ends[document - first_document] = n_values
    return n_values


def empty_counts(n: int = 1 << 16) -> tuple[Keys, Positions, Positions, npt.NDArray[np.uint8]]:
    """An empty table for `count_documents`."""
    return np.zeros(n, np.uint64), np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.uint8)
