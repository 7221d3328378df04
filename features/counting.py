"""Telling the n-grams of each document apart and numbering them: compiled loops over a corpus.

Each document is cut and hashed once. Its n-grams are first told apart in a small table that stays in the nearest cache;
only distinct ones are looked up in the large table, all slots of a document being read before any is compared, so that
the waits for memory overlap. What is left to do once the whole vocabulary is known needs no hashing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index
from features.lookup import FREE, shift_of, slot_of
from features.ngrams import CHARACTER_N, WORD_N, Keys, Positions, Scratch, document_at, emit
from features.seen import Seen
from features.trie import Trie

PLACES = WORD_N + CHARACTER_N
"""n-grams of a text are at most so many times its characters."""

_ONE = np.uint64(1)


class Distinct(NamedTuple):
    """Working space to tell one document's n-grams apart; each thread has its own.

    places: int32 [a power of two], all 0 between documents. keys, times (how often), first (the n-gram's number in
    `Scratch`), slots (what the large table holds where the key belongs): [6 * n], of each distinct n-gram.
    """

    places: Positions
    keys: Keys
    times: Positions
    first: Positions
    slots: Keys


def distinct_space(length: int) -> Distinct:
    """Working space for documents of up to `length` characters."""
    n = PLACES * length
    return Distinct(
        np.zeros(1 << (2 * n).bit_length(), np.int32),
        np.empty(n, np.uint64),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.uint64),
    )


@compiled()
def _tell_apart(space: Scratch, n: int, distinct: Distinct, block_ends: Positions) -> int:
    """Write each n-gram of a document once, and where in them each block ends; return how many there are."""
    places, keys, times, first, _ = distinct
    size = 16
    while size < 2 * n:
        size *= 2
    shift, mask = shift_of(size), size - 1
    found = 0
    i = 0
    for block in range(len(block_ends)):
        while i < space.block_ends[block]:
            key = space.keys[index(i)]
            place = np.int64(key >> shift)
            while True:
                known = places[index(place)]
                if known == 0:
                    keys[index(found)] = key
                    times[index(found)] = 1
                    first[index(found)] = i
                    found += 1
                    places[index(place)] = found
                    break
                if keys[index(known - 1)] == key:
                    times[index(known - 1)] += 1
                    break
                place = (place + 1) & mask
            i += 1
        block_ends[block] = found
    places[:size] = 0
    return found


@compiled()
def count_documents(
    text: npt.NDArray[np.uint32],
    fields: npt.NDArray[np.int64],
    n_fields: int,
    first_document: int,
    last_document: int,
    trie: Trie,
    space: Scratch,
    distinct: Distinct,
    seen: Seen,
    bits: int,
    used: int,
    numbers: Positions,
    times: npt.NDArray[np.float32],
    written: int,
    block_ends: Positions,
) -> tuple[int, int, int]:
    """Count in how many documents each n-gram occurs, and write each document's n-grams and how often it has them.

    bits: see `number_bits`; used: how many n-grams `seen` holds. numbers, times: [at least 6 a character], from place
    `written` on. block_ends: int32 [documents of the corpus, 2 * n_fields], where in the document's n-grams each block
    ends. Returns the next document, `used` and `written`; it is not the last where `seen` has to grow first.
    """
    table, keys, counts, blocks, begins, extents = seen
    relative = np.empty(n_fields + 1, np.int32)
    shift, wide = shift_of(len(table)), np.uint64(bits)
    number_mask = (_ONE << wide) - _ONE
    for document in range(first_document, last_document):
        begin, stop = document_at(fields, n_fields, document, relative)
        n = emit(text[begin:stop], relative, trie, space)
        if used + n > len(keys):
            return document, used, written
        ends = block_ends[document]
        found = _tell_apart(space, n, distinct, ends)
        for d in range(found):
            distinct.slots[index(d)] = table[distinct.keys[index(d)] >> shift]
        d = 0
        for block in range(2 * n_fields):
            while d < ends[block]:
                key = distinct.keys[index(d)]
                wanted = key << wide
                entry = distinct.slots[index(d)]
                if entry == FREE or entry & ~number_mask != wanted:
                    slot = slot_of(table, shift, wide, key)
                    entry = table[index(slot)]
                    if entry == FREE:
                        entry = wanted | np.uint64(used)
                        table[index(slot)] = entry
                        keys[index(used)] = key
                        blocks[index(used)] = block
                        i = distinct.first[index(d)]
                        a, b = space.starts[index(i)], space.ends[index(i)]
                        begins[index(used)] = begin + a
                        extents[index(used), 0] = b - a
                        extents[index(used), 1] = 0
                        extents[index(used), 2] = 0
                        # two words come right after the second of them, and two places after what ends with the first
                        if block % 2 == 0 and i > 0 and b == space.ends[i - 1] and a < space.starts[i - 1]:
                            extents[index(used), 0] = space.ends[i - 2] - a
                            extents[index(used), 1] = space.starts[i - 1] - a
                            extents[index(used), 2] = b - a
                        used += 1
                number = np.int64(entry & number_mask)
                counts[index(number)] += 1
                numbers[index(written + d)] = number
                times[index(written + d)] = distinct.times[index(d)]
                d += 1
        written += found
    return last_document, used, written


@compiled()
def find_documents(
    text: npt.NDArray[np.uint32],
    fields: npt.NDArray[np.int64],
    n_fields: int,
    first_document: int,
    last_document: int,
    trie: Trie,
    space: Scratch,
    distinct: Distinct,
    table: Keys,
    bits: int,
    numbers: Positions,
    times: npt.NDArray[np.float32],
    written: int,
    block_ends: Positions,
) -> int:
    """Like `count_documents`, for a vocabulary that stays as it is: what is not in it is left out. Returns `written`."""
    relative = np.empty(n_fields + 1, np.int32)
    shift, wide = shift_of(len(table)), np.uint64(bits)
    number_mask = (_ONE << wide) - _ONE
    for document in range(first_document, last_document):
        begin, stop = document_at(fields, n_fields, document, relative)
        n = emit(text[begin:stop], relative, trie, space)
        ends = block_ends[document]
        found = _tell_apart(space, n, distinct, ends)
        for d in range(found):
            distinct.slots[index(d)] = table[distinct.keys[index(d)] >> shift]
        before, d = written, 0
        for block in range(2 * n_fields):
            while d < ends[block]:
                entry = distinct.slots[index(d)]
                if entry != FREE:
                    key = distinct.keys[index(d)]
                    if entry & ~number_mask != key << wide:
                        entry = table[index(slot_of(table, shift, wide, key))]
                    if entry != FREE:
                        numbers[index(written)] = np.int64(entry & number_mask)
                        times[index(written)] = distinct.times[index(d)]
                        written += 1
                d += 1
            ends[block] = written - before
    return written
