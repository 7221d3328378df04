"""From an n-gram's key to its feature: one table, one place of memory per look-up, in compiled code."""

import numpy as np

from features.compiled import compiled, index
from features.ngrams import Keys, Positions

_ONE = np.uint64(1)
FREE = np.uint64(0xFFFFFFFFFFFFFFFF)
"""A slot that holds nothing."""


@compiled(inline="always")
def shift_of(slots: int) -> np.uint64:
    """64 less the binary logarithm of a table's length."""
    return np.uint64(64 - int(np.log2(slots) + 0.5))


@compiled(inline="always", borrows=True)
def slot_of(table: Keys, shift: np.uint64, row_bits: np.uint64, key: np.uint64) -> np.int64:
    """Where the key is in a table of `build_lookup`, or the free slot where it belongs; shift: see `shift_of`."""
    row_mask = (_ONE << row_bits) - _ONE
    wanted = key << row_bits
    slot = np.int64(key >> shift)
    while table[index(slot)] != FREE and table[index(slot)] & ~row_mask != wanted:
        slot = (slot + 1) & (len(table) - 1)
    return slot


@compiled()
def fill_lookup(table: Keys, keys: Keys, row_bits: int) -> None:
    """Put keys into a table of `build_lookup` that is all free, as rows 0, 1, 2, ..."""
    shift = shift_of(len(table))
    mask = len(table) - 1
    for row in range(len(keys)):
        slot = np.int64(keys[row] >> shift)
        while table[slot] != FREE:
            slot = (slot + 1) & mask
        table[slot] = (keys[row] << np.uint64(row_bits)) | np.uint64(row)


@compiled()
def build_lookup(keys: Keys, slots: int, row_bits: int) -> Keys:
    """An open-addressing table from a key to its row, both packed into one word so that a look-up reads one place.

    A slot holds the key's low 64 - row_bits bits and the row; its place tells the key's high bits. slots is a power of
    two of at least 2 * len(keys); len(keys) < 2 ** row_bits.
    """
    table = np.full(slots, FREE, np.uint64)
    fill_lookup(table, keys, row_bits)
    return table


@compiled(borrows=True)
def look_up_all(table: Keys, row_bits: int, keys: Keys, n: int, entries: Keys, rows: Positions) -> None:
    """The first n keys' rows, or -1; `entries` [n] is working space.

    First all first places are read, for none of these reads waits for another: their cache misses overlap. Then those keys
    that met another's are listed, and all of them go on to the next place together. Nothing is decided by a branch, for
    nobody can foretell which n-grams are known: each wrong guess would cost as much as ten look-ups.
    """
    bits, shift = np.uint64(row_bits), shift_of(len(table))
    mask = np.uint64(len(table) - 1)
    row_mask = (_ONE << bits) - _ONE
    for i in range(n):
        entries[index(i)] = table[keys[index(i)] >> shift]
    for i in range(n):
        # what differs between slot and key is the row alone where it is the key's; a free slot's would be all ones
        row = entries[index(i)] ^ (keys[index(i)] << bits)
        rows[index(i)] = np.int32(row) if row < row_mask else np.int32(-1)
    left = 0
    for i in range(n):
        entry = entries[index(i)]
        entries[index(left)] = np.uint64(i)
        left += (rows[index(i)] < 0) & (entry != FREE)
    step = np.uint64(0)
    while left > 0:
        step += _ONE
        waiting, left = left, 0
        for j in range(waiting):
            i = entries[index(j)]
            entry = table[((keys[i] >> shift) + step) & mask]
            row = entry ^ (keys[i] << bits)
            known = row < row_mask
            rows[i] = np.int32(row) if known else np.int32(-1)
            entries[index(left)] = i
            left += (not known) & (entry != FREE)
