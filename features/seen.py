"""The n-grams that were met in a corpus, numbered as they were met: compiled code around one table."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled
from features.lookup import FREE, fill_lookup, shift_of, slot_of
from features.ngrams import Keys, Positions

_FEW_SLOTS = 1 << 18
_TOGETHER = 256
_SPACE = np.uint32(32)
_ONE = np.uint64(1)


class Seen(NamedTuple):
    """The n-grams met so far, numbered in the order in which they were met; all arrays but `table` have spare room.

    table: as of `features.lookup.build_lookup`, its rows are the numbers. keys: of each n-gram. counts: the documents
    that have it. blocks: uint8. begins: int64, where in the corpus it was first met. extents: int32 [room, 3], from
    there on where it ends, and for two words also where the second of them begins and ends, else 0 and 0.
    """

    table: Keys
    keys: Keys
    counts: Positions
    blocks: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.int64]
    extents: Positions

    def cut(self, used: int) -> "Seen":
        """Without spare room."""
        return Seen(
            self.table,
            self.keys[:used],
            self.counts[:used],
            self.blocks[:used],
            self.begins[:used],
            self.extents[:used],
        )


def grown(seen: Seen | None, used: int) -> Seen:
    """Room for more n-grams than the `used` ones that there are; None: for the first."""
    slots = _FEW_SLOTS if seen is None else 2 * len(seen.table)
    # allocated here and not in compiled code: numpy asks the system for large pages
    room = slots // 2
    larger = Seen(
        np.full(slots, FREE, np.uint64),
        np.empty(room, np.uint64),
        np.zeros(room, np.int32),
        np.empty(room, np.uint8),
        np.empty(room, np.int64),
        np.empty((room, 3), np.int32),
    )
    if seen is not None:
        larger.keys[:used] = seen.keys[:used]
        larger.counts[:used] = seen.counts[:used]
        larger.blocks[:used] = seen.blocks[:used]
        larger.begins[:used] = seen.begins[:used]
        larger.extents[:used] = seen.extents[:used]
    fill_lookup(larger.table, larger.keys[:used], number_bits(slots))
    return larger


def number_bits(slots: int) -> int:
    """How many bits a number needs in a table of `Seen`: it is half full at most, and no number is all ones."""
    return slots.bit_length() - 1


@compiled()
def add_seen(more: Seen, first: int, seen: Seen, bits: int, used: int, numbers: Positions) -> tuple[int, int]:
    """Add what was seen in later documents, from number `first` on, and write the new numbers of its n-grams.

    Returns the next of them and `used`; it is not the last where `seen` has to grow first.
    """
    table, keys, counts, blocks, begins, extents = seen
    shift, wide = shift_of(len(table)), np.uint64(bits)
    number_mask = (_ONE << wide) - _ONE
    entries = np.empty(_TOGETHER, np.uint64)
    for begin in range(first, len(more.keys), _TOGETHER):
        stop = min(begin + _TOGETHER, len(more.keys))
        if used + stop - begin > len(keys):
            return begin, used
        # all are read before any is compared, so that the waits for memory overlap
        for m in range(begin, stop):
            entries[m - begin] = table[np.int64(more.keys[m] >> shift)]
        for m in range(begin, stop):
            wanted = more.keys[m] << wide
            entry = entries[m - begin]
            if entry == FREE or entry & ~number_mask != wanted:
                slot = slot_of(table, shift, wide, more.keys[m])
                entry = table[slot]
                if entry == FREE:
                    entry = wanted | np.uint64(used)
                    table[slot] = entry
                    keys[used] = more.keys[m]
                    counts[used] = 0
                    blocks[used] = more.blocks[m]
                    begins[used] = more.begins[m]
                    extents[used] = more.extents[m]
                    used += 1
            number = np.int64(entry & number_mask)
            counts[number] += more.counts[m]
            numbers[m] = number
    return len(more.keys), used


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
