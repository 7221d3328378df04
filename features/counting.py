"""Learning a vocabulary and making a sparse matrix of it: compiled loops over a corpus."""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.lookup import look_up
from features.ngrams import Keys, Positions, Scratch, document_at, emit
from features.trie import Trie


def empty_counts(n: int = 1 << 16) -> tuple[Keys, Positions, Positions, npt.NDArray[np.uint8]]:
    """An empty table for `count_documents`."""
    return np.zeros(n, np.uint64), np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.uint8)


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
    trie: Trie,
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
        begin, stop = document_at(fields, n_fields, document, relative)
        n = emit(text[begin:stop], relative, trie, space)
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
def transform_documents(
    text: npt.NDArray[np.uint32],
    fields: npt.NDArray[np.int64],
    n_fields: int,
    first_document: int,
    last_document: int,
    trie: Trie,
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
        begin, stop = document_at(fields, n_fields, document, relative)
        emit(text[begin:stop], relative, trie, space)
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
