"""Learning a vocabulary and making a sparse matrix of it: compiled loops over a corpus.

Each document is cut and hashed once. Its n-grams are first told apart in a small table that stays in the nearest cache;
only distinct ones are looked up in the large table, all slots of a document being read before any is compared, so that
the waits for memory overlap. What is left to do once the whole vocabulary is known needs no hashing.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.lookup import FREE, fill_lookup
from features.ngrams import CHARACTER_N, WORD_N, Keys, Positions, Scratch, document_at, emit
from features.trie import Trie

PLACES = WORD_N + CHARACTER_N
"""n-grams of a text are at most so many times its characters."""

_ONE = np.uint64(1)
_FEW_SLOTS = 1 << 18
_GROWTH = 4
_TOGETHER = 256
_SPACE = np.uint32(32)


class Seen(NamedTuple):
    """The n-grams met so far, numbered in the order in which they were met; all arrays but `table` have spare room.

    table: as of `features.lookup.build_lookup`, its rows are the numbers. keys. counts: the documents with the n-gram.
    blocks: uint8. begins: int64, where in the corpus it was first met. extents: int32 [room, 3], from there on where
    it ends, and for two words where the second begins and ends, else 0 and 0.
    """

    table: Keys
    keys: Keys
    counts: Positions
    blocks: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.int64]
    extents: Positions

    def cut(self, used: int) -> "Seen":
        """Without spare room."""
        return Seen(self.table, *(array[:used] for array in self[1:]))


def grown(seen: Seen | None, used: int) -> Seen:
    """Room for more n-grams than `used`, with those that there are; None: with none."""
    slots = _FEW_SLOTS if seen is None else _GROWTH * len(seen.table)
    # allocated here and not in compiled code: numpy asks the system for large pages
    room = slots // 2
    larger = (
        np.empty(room, np.uint64),
        np.zeros(room, np.int32),
        np.empty(room, np.uint8),
        np.empty(room, np.int64),
        np.empty((room, 3), np.int32),
    )
    if seen is not None:
        for new, old in zip(larger, seen[1:], strict=True):
            new[:used] = old[:used]
    table = np.full(slots, FREE, np.uint64)
    fill_lookup(table, larger[0][:used], number_bits(slots))
    return Seen(table, *larger)


def number_bits(slots: int) -> int:
    """How many bits a number needs in a table of `Seen`: it is half full at most, and no number is all ones."""
    return slots.bit_length() - 1


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


@compiled(inline="always")
def _shift(slots: int) -> np.uint64:
    return np.uint64(64 - int(np.log2(slots) + 0.5))


@compiled(inline="always")
def _slot(table: Keys, shift: np.uint64, wide: np.uint64, key: np.uint64) -> np.int64:
    """Where the key is in a look-up table, or the free slot where it belongs."""
    number_mask = (_ONE << wide) - _ONE
    wanted = key << wide
    slot = np.int64(key >> shift)
    while table[slot] != FREE and table[slot] & ~number_mask != wanted:
        slot = (slot + 1) & (len(table) - 1)
    return slot


@compiled()
def _tell_apart(space: Scratch, n: int, distinct: Distinct, block_ends: Positions) -> int:
    """Write each n-gram of a document once, and where in them each block ends; return how many there are."""
    places, keys, times, first, _ = distinct
    size = 16
    while size < 2 * n:
        size *= 2
    shift, mask = _shift(size), size - 1
    found = 0
    i = 0
    for block in range(len(block_ends)):
        while i < space.block_ends[block]:
            key = space.keys[i]
            place = np.int64(key >> shift)
            while True:
                known = places[place]
                if known == 0:
                    keys[found] = key
                    times[found] = 1
                    first[found] = i
                    found += 1
                    places[place] = found
                    break
                if keys[known - 1] == key:
                    times[known - 1] += 1
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
    shift, wide = _shift(len(table)), np.uint64(bits)
    number_mask = (_ONE << wide) - _ONE
    for document in range(first_document, last_document):
        begin, stop = document_at(fields, n_fields, document, relative)
        n = emit(text[begin:stop], relative, trie, space)
        if used + n > len(keys):
            return document, used, written
        ends = block_ends[document]
        found = _tell_apart(space, n, distinct, ends)
        for d in range(found):
            distinct.slots[d] = table[np.int64(distinct.keys[d] >> shift)]
        d = 0
        for block in range(2 * n_fields):
            while d < ends[block]:
                key = distinct.keys[d]
                wanted = key << wide
                entry = distinct.slots[d]
                if entry == FREE or entry & ~number_mask != wanted:
                    slot = _slot(table, shift, wide, key)
                    entry = table[slot]
                    if entry == FREE:
                        entry = wanted | np.uint64(used)
                        table[slot] = entry
                        keys[used] = key
                        blocks[used] = block
                        i = distinct.first[d]
                        a, b = space.starts[i], space.ends[i]
                        begins[used] = begin + a
                        extents[used, 0] = b - a
                        extents[used, 1] = 0
                        extents[used, 2] = 0
                        # two words come right after the second of them, and two places after what ends with the first
                        if block % 2 == 0 and i > 0 and b == space.ends[i - 1] and a < space.starts[i - 1]:
                            extents[used, 0] = space.ends[i - 2] - a
                            extents[used, 1] = space.starts[i - 1] - a
                            extents[used, 2] = b - a
                        used += 1
                number = np.int64(entry & number_mask)
                counts[number] += 1
                numbers[written + d] = number
                times[written + d] = distinct.times[d]
                d += 1
        written += found
    return last_document, used, written


@compiled()
def add_seen(
    more: Seen, first: int, seen: Seen, bits: int, used: int, numbers: Positions
) -> tuple[int, int]:
    """Add what was seen in later documents, from number `first` on, and write the new numbers of its n-grams.

    Returns the next of them and `used`; it is not the last where `seen` has to grow first.
    """
    table, keys, counts, blocks, begins, extents = seen
    shift, wide = _shift(len(table)), np.uint64(bits)
    number_mask = (_ONE << wide) - _ONE
    slots = np.empty(_TOGETHER, np.int64)
    for begin in range(first, len(more.keys), _TOGETHER):
        stop = min(begin + _TOGETHER, len(more.keys))
        if used + stop - begin > len(keys):
            return begin, used
        touched = np.uint64(0)
        for m in range(begin, stop):
            touched |= table[np.int64(more.keys[m] >> shift)]
        slots[0] = np.int64(touched & _ONE)  # the loop above must not be left out
        for m in range(begin, stop):
            slot = _slot(table, shift, wide, more.keys[m])
            if table[slot] == FREE:
                table[slot] = (more.keys[m] << wide) | np.uint64(used)
                keys[used] = more.keys[m]
                counts[used] = 0
                blocks[used] = more.blocks[m]
                begins[used] = more.begins[m]
                extents[used] = more.extents[m]
                used += 1
            number = np.int64(table[slot] & number_mask)
            counts[number] += more.counts[m]
            numbers[m] = number
    return len(more.keys), used


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
    shift, wide = _shift(len(table)), np.uint64(bits)
    number_mask = (_ONE << wide) - _ONE
    for document in range(first_document, last_document):
        begin, stop = document_at(fields, n_fields, document, relative)
        n = emit(text[begin:stop], relative, trie, space)
        ends = block_ends[document]
        found = _tell_apart(space, n, distinct, ends)
        for d in range(found):
            distinct.slots[d] = table[np.int64(distinct.keys[d] >> shift)]
        before, d = written, 0
        for block in range(2 * n_fields):
            while d < ends[block]:
                entry = distinct.slots[d]
                if entry != FREE:
                    key = distinct.keys[d]
                    if entry & ~number_mask != key << wide:
                        entry = table[_slot(table, shift, wide, key)]
                    if entry != FREE:
                        numbers[written] = np.int64(entry & number_mask)
                        times[written] = distinct.times[d]
                        written += 1
                d += 1
            ends[block] = written - before
    return written


@compiled()
def weigh_documents(
    first_document: int,
    last_document: int,
    block_ends: Positions,
    features: Positions,
    idf: npt.NDArray[np.float32],
    block_weights: npt.NDArray[np.float64],
    columns: Positions,
    values: npt.NDArray[np.float32],
    read: int,
    written: int,
    row_ends: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """Turn n-grams and how often they occur, from place `read` on, into rows of a sparse matrix, from `written` on.

    A value is (1 + ln tf) * idf, each block to length `block_weights[block]`. features: int32 [numbers, 2], column and
    idf (the bits of a float32, which `idf`, float32 [numbers, 2], shows) side by side; column -1 for what is no feature.
    row_ends: int64 [documents of the corpus], where each row ends. Returns `read` and `written` for the next documents.
    """
    for document in range(first_document, last_document):
        first_read = read
        for block in range(len(block_weights)):
            first = written
            squares = 0.0
            while read < first_read + block_ends[document, block]:
                number = columns[read]
                column = features[number, 0]
                if column >= 0:
                    weight = np.float64(idf[number, 1])
                    if values[read] > 1:
                        weight *= 1.0 + np.log(np.float64(values[read]))
                    columns[written] = column
                    values[written] = weight
                    squares += weight * weight
                    written += 1
                read += 1
            if squares > 0:
                scale = block_weights[block] / np.sqrt(squares)
                for v in range(first, written):
                    values[v] *= scale
        row_ends[document] = written
    return read, written


@compiled()
def close_up(columns: Positions, values: npt.NDArray[np.float32], begin: int, stop: int, to: int) -> None:
    """Move entries to an earlier place."""
    for v in range(stop - begin):
        columns[to + v] = columns[begin + v]
        values[to + v] = values[begin + v]


@compiled()
def spell(
    text: npt.NDArray[np.uint32],
    begins: npt.NDArray[np.int64],
    extents: Positions,
    numbers: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    characters: npt.NDArray[np.uint32],
) -> None:
    """Write n-grams where they were first met one after another; a space between two words. ends: where each is to end."""
    place = 0
    for n in range(len(numbers)):
        number = numbers[n]
        begin = begins[number]
        for i in range(begin, begin + extents[number, 0]):
            characters[place] = text[i]
            place += 1
        if place < ends[n]:
            characters[place] = _SPACE
            place += 1
            for i in range(begin + extents[number, 1], begin + extents[number, 2]):
                characters[place] = text[i]
                place += 1
