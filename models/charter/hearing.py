"""All that a charter listens for in a ticket, in one compiled pass: names, words of requests, words of questions.

Names are found as leftmost-longest matching has it, and hide one another; words are all found, and each counts once. Of some
names, `places`, it matters which it is and where it stands, of the others only what they say, which many say alike. A
question is what takes longer to answer, such as an expression; it is worth asking where each set of words that it needs
(`literals.Needs`) has one in the text. How all are looked for: see `words`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.codepoints import CodePoints
from features.compiled import compiled, index
from features.prefetch import prefetch
from models.charter.literals import Needs
from models.charter.words import (
    AT_ONCE,
    CHARACTER,
    FURTHER,
    NODES,
    WORD,
    Bits,
    alike_of,
    may_begin,
    may_follow,
    slot_of,
    trie_of,
)

BOTH_CLEAR = 80
"""Hundredths by which a text has to speak for complaint and for report to be taken as both; less is doubt, not two."""

WEIGHED, REMEDY, PENALTY, NO_REMEDY = 1, 2, 4, 8
"""What a word is: one with weights; one that demands a remedy, a penalty, or expressly no remedy."""

_IS, _SETS, _NAME, _STANDS, _RECORD = 4, 5, 6, 7, 8
"""Places in a word's record, of which the weights are the first four."""

Integers = npt.NDArray[np.int32]
_MARKS = np.dtype(np.uint64)

_ROOM = 3 + 1 + 2 * AT_ONCE
"""Numbers that are noted of each character: of a place three, of another name one, of where a word may begin two."""
_KEPT = 1 << 16
"""Numbers for which there is room in memory that is kept, half a megabyte: longer texts are few."""


class Weighed(NamedTuple):
    """A word's weights for complaint, report, enquiry and suggestion, in hundredths of a logit, and what it `is`."""

    weights: tuple[int, int, int, int]
    is_: int = WEIGHED


Heard = tuple[int, list[int], list[int], list[int]]
"""The kinds spoken for, 0 where nothing says anything, neither a word with weights nor a domain (`spoken_for`); the numbers
of the questions worth asking, in order; number, start and end of each place, one after another; what other names say, by
number, each once."""


class Hearing:
    """What to listen for; may be shared by threads, each of which has its own memory for notes while it listens.

    starts: what is added for a domain, by its code, with "" for one that is not known. A question without needs is
    always worth asking. names: those that are no places, and the numbers of what they say.
    """

    def __init__(
        self,
        weighed: Mapping[str, Weighed],
        starts: Mapping[str, Weighed],
        questions: Sequence[Needs] = (),
        places: Sequence[str] = (),
        names: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        # sorted, as the order of a set changes from run to run
        asked = sorted({word for needs in questions for words in needs for word in words})
        numbers = {word: number for number, word in enumerate(dict.fromkeys([*weighed, *asked, *places, *names]))}
        self._starts: dict[str | None, int] = {domain: number for number, domain in enumerate(starts, len(numbers))}
        self._unknown = self._starts[None] = self._starts[""]
        self._words = np.full((len(numbers) + len(starts), _RECORD), -1, np.int32)
        self._words[:, :_SETS] = 0
        for rows, records in ((numbers, weighed), (self._starts, starts)):
            for word, record in records.items():
                self._words[rows[word], :_SETS] = (*record.weights, record.is_)
        for column, words in ((_SETS, asked), (_NAME, places)):
            self._words[[numbers[word] for word in words], column] = range(len(words))
        for name, said in names.items():
            self._words[numbers[name], _NAME:] = said, 0
        self._sets = _sets(questions, {word: row for row, word in enumerate(asked)})
        self._trie = trie_of(numbers)
        lanes = self._sets.shape[2]
        self._room = 64 * lanes + len(self._words) // 64 + 1 + 2 * lanes
        self._spare: list[Bits] = []

    def of(self, text: CodePoints, said: int, domain: str | None) -> Heard:
        """Hear a text. said: where the words begin to count; names count from the first character.

        domain: one that is not among the starts counts as not known.
        """
        start = self._starts.get(domain, self._unknown)
        room = _ROOM * len(text) + self._room
        try:
            scratch = self._spare.pop()
        except IndexError:
            scratch = np.empty(room, _MARKS)
        if len(scratch) < room:
            scratch = np.empty(2 * room, _MARKS)
        kinds, places, says, end = hear(text, said, self._trie, self._words, self._sets, start, scratch)
        told = scratch[:end].tolist() if end else _NOTHING
        if len(scratch) <= _KEPT:
            self._spare.append(scratch)
        if places or end > says:
            return kinds, told[says:], told[:places], told[places:says]
        return kinds, _NOTHING, _NOTHING, told


_NOTHING: list[int] = []


def _sets(questions: Sequence[Needs], rows: Mapping[str, int]) -> Bits:
    """uint64 [words + 1, 2, questions / 64]: the bits of the questions of whose first and second set each word is.

    The last row is what holds without a word: both for a question that needs none.
    """
    sets = np.zeros((len(rows) + 1, 2, len(questions) // 64 + 1), np.uint64)
    for number, needs in enumerate(questions):
        lane, bit = number // 64, np.uint64(1 << number % 64)
        if not needs:
            sets[-1, :, lane] |= bit
        for place, words in enumerate((needs * 2)[:2]):
            for word in words:
                sets[rows[word], place, lane] |= bit
    return sets


@compiled()
def spoken_for(complaint: int, report: int, enquiry: int, suggestion: int) -> int:
    """The kinds whose score, in hundredths of a logit, is above 0, as bits in this order; the best where none is.

    Complaint and report together only where both are clear: between the two a text that is neither is the commoner case.
    """
    if complaint > 0 and report > 0 and min(complaint, report) < BOTH_CLEAR:
        if complaint < report:
            complaint = 0
        else:
            report = 0
    found = (complaint > 0) | (report > 0) << 1 | (enquiry > 0) << 2 | (suggestion > 0) << 3
    if found:
        return found
    best = max(complaint, report, enquiry, suggestion)
    return 1 if complaint == best else 2 if report == best else 4 if enquiry == best else 8


@compiled(inline="always")
def is_new(numbers: Bits, last: int) -> bool:
    """Tell whether the last of some numbers is not among those before it."""
    new = True
    for number in range(last):
        new &= numbers[number] != numbers[last]
    return new


@compiled()
def hear(
    text: CodePoints,
    said: int,
    trie: Bits,
    words: Integers,
    sets: Bits,
    start: int,
    scratch: Bits,
) -> tuple[int, int, int, int]:
    """Return the kinds spoken for, and where places, what other names say, and questions end in `scratch`.

    trie: see `words.trie_of`. words: int32 [words + starts, _RECORD]: four weights, what it is, its row of `_sets`, its
    number as a name, -1 for none, and 0 where that is no place; start: that of the domain. scratch: room for all that is
    noted, see `Hearing.of`; it begins with what is returned.
    """
    size, lanes = len(text), sets.shape[2]
    nodes = trie[NODES:]
    mask = np.uint64((len(nodes) >> 1) - 1)
    bits = np.uint64(int(np.log2(len(nodes) >> 1) + 0.5))
    # one array for all that is noted, as each costs as much as ten characters
    found, others, entries = scratch, scratch[3 * size + 64 * lanes :], scratch[4 * size + 64 * lanes :]
    marks = entries[2 * AT_ONCE * size :]
    first = len(words) // 64 + 1
    second = first + lanes
    marks[:first] = np.uint64(0)
    for lane in range(lanes):
        marks[first + lane], marks[second + lane] = sets[len(sets) - 1, 0, lane], sets[len(sets) - 1, 1, lane]
    complaint, report, enquiry, suggestion = (
        int(words[start, 0]), int(words[start, 1]), int(words[start, 2]), int(words[start, 3]),
    )  # fmt: skip
    is_ = words[start, _IS]
    # first all places where something may begin, without a branch that nobody can foretell, and their memory asked for
    count = 0
    for i in range(size):
        alike, key = alike_of(text[i]), np.uint64(0)
        for further in range(AT_ONCE):
            if i + further < size:
                shift = np.uint64(CHARACTER * (AT_ONCE - 1 - further))
                key |= (np.uint64(text[index(i + further)]) + np.uint64(1)) << shift
                entries[index(count)], entries[index(count + 1)] = i << 2 | further, key
                count += 2 * may_begin(trie, alike, key)
    for entry in range(0, count, 2):
        prefetch(nodes, np.int64(slot_of(entries[index(entry + 1)], bits) << np.uint64(1)))
    place, other, free, at = 0, 0, 0, -1
    name, stands, end = -1, 0, 0
    for entry in range(0, count, 2):
        i, further, key = int(entries[index(entry)]) >> 2, int(entries[index(entry)]) & 3, entries[index(entry + 1)]
        if i != at:
            if name >= 0:
                found[place], found[place + 1], found[place + 2] = name, at, end
                others[other] = name
                place += 3 * (stands != 0)
                other += (stands == 0) & is_new(others, other)
                free = end
            name, at = -1, i
        j = i + 1 + further
        while True:
            slot = slot_of(key, bits)
            while nodes[slot << np.uint64(1)] != key and nodes[slot << np.uint64(1)] != np.uint64(0):
                slot = (slot + np.uint64(1)) & mask
            if nodes[slot << np.uint64(1)] != key:
                break
            node = nodes[slot << np.uint64(1) | np.uint64(1)]
            if node & np.uint64(WORD):
                word = np.int64(node & np.uint64(WORD - 1))
                if i >= free and words[word, _NAME] >= 0:
                    name, stands, end = words[word, _NAME], words[word, _STANDS], j
                bit = np.uint64(1) << np.uint64(word & 63)
                if i >= said and not marks[index(word >> 6)] & bit:
                    marks[index(word >> 6)] |= bit
                    complaint += int(words[word, 0])
                    report += int(words[word, 1])
                    enquiry += int(words[word, 2])
                    suggestion += int(words[word, 3])
                    is_ |= words[word, _IS]
                    row = words[word, _SETS]
                    if row >= 0:
                        for lane in range(lanes):
                            marks[first + lane] |= sets[row, 0, lane]
                            marks[second + lane] |= sets[row, 1, lane]
            if j == size or not may_follow(node, text[j]):
                break
            key = np.uint64(FURTHER) | (slot + np.uint64(1)) << np.uint64(CHARACTER) | np.uint64(text[j])
            j += 1
    if name >= 0:
        found[place], found[place + 1], found[place + 2] = name, at, end
        others[other] = name
        place += 3 * (stands != 0)
        other += (stands == 0) & is_new(others, other)
    places = place
    for number in range(other):
        found[place] = others[number]
        place += 1
    says = place
    for lane in range(lanes):
        both = marks[first + lane] & marks[second + lane]
        question = 64 * lane
        while both:
            if both & np.uint64(1):
                found[place] = question
                place += 1
            both >>= np.uint64(1)
            question += 1
    if not is_ & WEIGHED:
        return 0, places, says, place
    if is_ & PENALTY:
        if is_ & NO_REMEDY:
            complaint, report = min(complaint, 0), max(report, 1)
        elif is_ & REMEDY:
            complaint, report = max(complaint, BOTH_CLEAR), max(report, BOTH_CLEAR)
    return spoken_for(complaint, report, enquiry, suggestion), places, says, place
