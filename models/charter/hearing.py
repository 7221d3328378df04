"""All that a charter listens for in a ticket, in one compiled pass: names, words of requests, words of questions.

A hash table holds a trie, which is entered by a word's first two characters, or by the one that it has. Names are found as leftmost-longest matching has it, and hide one
another; words are all found, and each counts once. A question is what takes longer to answer, such as an expression; it
is worth asking where each set of words that it needs (`literals.Needs`) has one in the text.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.codepoints import CodePoints
from features.compiled import compiled
from features.prefetch import prefetch
from models.charter.literals import Needs

BOTH_CLEAR = 80
"""Hundredths by which a text has to speak for complaint and for report to be taken as both; less is doubt, not two."""

WEIGHED, REMEDY, PENALTY, NO_REMEDY = 1, 2, 4, 8
"""What a word is: one with weights; one that demands a remedy, a penalty, or expressly no remedy."""

_IS, _SETS, _NAME, _RECORD = 4, 5, 6, 8
"""Places in a word's record, of which the weights are the first four."""

Integers = npt.NDArray[np.int32]
_NUMBER = np.dtype(np.int32)
Bits = npt.NDArray[np.uint64]

_BEGINS, _BEGINS_ALIKE = 17, 9
"""Binary logarithms of the bits that tell where a word may begin, as few as tell so seldom in vain; and of those for words
of the same first character, which are beside one another, and come into the processor together."""

_MULTIPLIER = 0x9E3779B97F4A7C15
"""Fibonacci hashing (Knuth, TAOCP 3, 6.4)."""

_FIRST = 1 << 63
_WORD = 1 << 31
"""Of a node: a word ends here, whose number is in the lower bits."""
_FOLLOWERS, _KINDS_OF_FOLLOWERS = 32, 5
"""Of a node: from this bit on, of which of 2 ** 5 kinds the characters are that words go on with: most texts go on with
none, and need not look for it at another place of the table."""

_SLOTS_PER_NODE = 4 / 3
"""Few, as the less memory a table is the more of it stays at hand."""


class Weighed(NamedTuple):
    """A word's weights for complaint, report, enquiry and suggestion, in hundredths of a logit, and what it `is`."""

    weights: tuple[int, int, int, int]
    is_: int = WEIGHED


Heard = tuple[int, list[int], list[int]]
"""The kinds spoken for, 0 where nothing says anything, neither a word with weights nor a domain (`spoken_for`); the numbers
of the questions worth asking, in order; number, start and end of each name, one after another."""


class Hearing:
    """What to listen for; holds arrays, no state, and may be shared by threads.

    starts: what is added for a domain, by its code, with "" for one that is not known. A question without needs is
    always worth asking.
    """

    def __init__(
        self,
        weighed: Mapping[str, Weighed],
        starts: Mapping[str, Weighed],
        questions: Sequence[Needs] = (),
        names: Sequence[str] = (),
    ) -> None:
        # sorted, as the order of a set changes from run to run
        asked = sorted({word for needs in questions for words in needs for word in words})
        numbers = {word: number for number, word in enumerate(dict.fromkeys([*weighed, *asked, *names]))}
        self._starts = {domain: number for number, domain in enumerate(starts, len(numbers))}
        self._unknown = self._starts[""]
        self._words = np.full((len(numbers) + len(starts), _RECORD), -1, np.int32)
        self._words[:, :_SETS] = 0
        for places, records in ((numbers, weighed), (self._starts, starts)):
            for word, record in records.items():
                self._words[places[word], :_SETS] = (*record.weights, record.is_)
        for column, words in ((_SETS, asked), (_NAME, names)):
            self._words[[numbers[word] for word in words], column] = range(len(words))
        self._sets = _sets(questions, {word: row for row, word in enumerate(asked)})
        self._questions = len(questions)
        self._nodes = _nodes(numbers)
        self._begins = _begins(numbers)

    def of(self, text: CodePoints, said: int, domain: str | None) -> Heard:
        """Hear a text. said: where the words begin to count; names count from the first character.

        domain: one that is not among the starts counts as not known.
        """
        start = self._starts.get(domain, self._unknown) if domain else self._unknown
        found = np.empty(3 * len(text) + self._questions, _NUMBER)
        kinds, names, end = hear(text, said, self._begins, self._nodes, self._words, self._sets, start, found)
        if not end:
            return kinds, _NOTHING, _NOTHING
        told = found[:end].tolist()
        return (kinds, _NOTHING, told) if end == names else (kinds, told[names:], told[:names])


_NOTHING: list[int] = []


def _nodes(words: Mapping[str, int]) -> Bits:
    """uint64 [slots, 2], an open-addressing table: a node's key, 0 where a slot is free, and what it is, see _WORD.

    Keys: see `_first_key`; of further characters the slot of what is before, plus 1, and the character.
    """
    count = len({word[:end] for word in words for end in range(min(2, len(word)), len(word) + 1)})
    bits = max(4, math.ceil(math.log2(_SLOTS_PER_NODE * max(1, count))))
    keys, told = [0] * (1 << bits), [0] * (1 << bits)
    for word, number in words.items():
        slot = _put(keys, _first_key(word), bits)
        for character in word[2:]:
            told[slot] |= 1 << (_FOLLOWERS + (_hashed(ord(character)) >> (64 - _KINDS_OF_FOLLOWERS)))
            slot = _put(keys, (slot + 1) << 21 | ord(character), bits)
        told[slot] |= _WORD | number
    return np.array([keys, told], np.uint64).T.copy()


def _put(keys: list[int], key: int, bits: int) -> int:
    slot = _hashed(key) >> (64 - bits)
    while keys[slot] not in {0, key}:
        slot = (slot + 1) % len(keys)
    keys[slot] = key
    return slot


def _hashed(key: int) -> int:
    return key * _MULTIPLIER % (1 << 64)


def _first_key(word: str) -> int:
    """Of the first two characters, or of the only one: `_key_of` for a word."""
    return _FIRST | ord(word[0]) << 22 | (ord(word[1]) + 1 if len(word) > 1 else 0)


def _begins(words: Iterable[str]) -> Bits:
    """uint64 [2 ** _BEGINS / 64]: the bits of the words' first keys."""
    begins = [0] * ((1 << _BEGINS) // 64)
    for word in words:
        alike = _hashed(ord(word[0])) >> (64 - _BEGINS + _BEGINS_ALIKE)
        bit = alike << _BEGINS_ALIKE | _hashed(_first_key(word)) >> (64 - _BEGINS_ALIKE)
        begins[bit // 64] |= 1 << bit % 64
    return np.array(begins, np.uint64)


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


@compiled(inline="always")
def _key_of(character: np.uint32, following: np.uint64) -> np.uint64:
    """following: the next character plus 1; 0 for the word that is this character alone."""
    return np.uint64(_FIRST) | np.uint64(character) << np.uint64(22) | following


@compiled(inline="always")
def _slot_of(key: np.uint64, bits: np.uint64) -> np.uint64:
    return (key * np.uint64(_MULTIPLIER)) >> (np.uint64(64) - bits)


@compiled(inline="always")
def _may_begin(begins: Bits, alike: np.uint64, key: np.uint64) -> int:
    bit = alike << np.uint64(_BEGINS_ALIKE) | _slot_of(key, np.uint64(_BEGINS_ALIKE))
    return int((begins[bit >> np.uint64(6)] >> (bit & np.uint64(63))) & np.uint64(1))


@compiled(inline="always")
def _may_follow(node: np.uint64, character: np.uint32) -> int:
    kind = _slot_of(np.uint64(character), np.uint64(_KINDS_OF_FOLLOWERS))
    return int((node >> (np.uint64(_FOLLOWERS) + kind)) & np.uint64(1))


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


@compiled()
def hear(
    text: CodePoints,
    said: int,
    begins: Bits,
    nodes: Bits,
    words: Integers,
    sets: Bits,
    start: int,
    found: Integers,
) -> tuple[int, int, int]:
    """Return the kinds spoken for, and where names end and questions end in `found`.

    begins, nodes, sets: see the functions of these names. words: int32 [words + starts, _RECORD]: four weights, what it
    is, its row of `sets` and its number as a name, -1 for none; start: that of the domain. found: int32, written here:
    number, start and end of each name, then the numbers of the questions worth asking; room for three of each character
    and one of each question.
    """
    size, mask = len(text), np.uint64(len(nodes) - 1)
    bits = np.uint64(int(np.log2(len(nodes)) + 0.5))
    lanes = sets.shape[2]
    heard = np.zeros(len(words) // 64 + 1, np.uint64)
    told = sets[len(sets) - 1].copy()
    complaint, report, enquiry, suggestion = (
        int(words[start, 0]), int(words[start, 1]), int(words[start, 2]), int(words[start, 3]),
    )  # fmt: skip
    is_ = words[start, _IS]
    # first all places where something may begin, without a branch that nobody can foretell, and their memory asked for
    entries, count = np.empty(2 * size, np.int32), 0
    for i in range(size):
        alike = _slot_of(np.uint64(text[i]), np.uint64(_BEGINS - _BEGINS_ALIKE))
        entries[count] = 2 * i
        count += _may_begin(begins, alike, _key_of(text[i], np.uint64(0)))
        if i + 1 < size:
            entries[count] = 2 * i + 1
            count += _may_begin(begins, alike, _key_of(text[i], np.uint64(text[i + 1]) + np.uint64(1)))
    for entry in range(count):
        i, pair = entries[entry] >> 1, entries[entry] & 1
        key = _key_of(text[i], np.uint64(text[i + 1]) + np.uint64(1) if pair else np.uint64(0))
        prefetch(nodes, np.int64(_slot_of(key, bits) * np.uint64(2)))
    place, free, at = 0, 0, -1
    name, end = -1, 0
    for entry in range(count):
        i, pair = entries[entry] >> 1, entries[entry] & 1
        if i != at:
            if name >= 0:
                found[place], found[place + 1], found[place + 2] = name, at, end
                place += 3
                free = end
            name, at = -1, i
        key = _key_of(text[i], np.uint64(text[i + 1]) + np.uint64(1) if pair else np.uint64(0))
        j = i + 1 + pair
        while True:
            slot = _slot_of(key, bits)
            while nodes[slot, 0] != key and nodes[slot, 0] != np.uint64(0):
                slot = (slot + np.uint64(1)) & mask
            if nodes[slot, 0] != key:
                break
            node = nodes[slot, 1]
            if node & np.uint64(_WORD):
                word = np.int64(node & np.uint64(_WORD - 1))
                if i >= free and words[word, _NAME] >= 0:
                    name, end = words[word, _NAME], j
                bit = np.uint64(1) << np.uint64(word & 63)
                if i >= said and not heard[word >> 6] & bit:
                    heard[word >> 6] |= bit
                    complaint += int(words[word, 0])
                    report += int(words[word, 1])
                    enquiry += int(words[word, 2])
                    suggestion += int(words[word, 3])
                    is_ |= words[word, _IS]
                    row = words[word, _SETS]
                    if row >= 0:
                        for lane in range(lanes):
                            told[0, lane] |= sets[row, 0, lane]
                            told[1, lane] |= sets[row, 1, lane]
            if j == size or not _may_follow(node, text[j]):
                break
            key = (slot + np.uint64(1)) << np.uint64(21) | np.uint64(text[j])
            j += 1
    if name >= 0:
        found[place], found[place + 1], found[place + 2] = name, at, end
        place += 3
    names = place
    for lane in range(lanes):
        both = told[0, lane] & told[1, lane]
        question = 64 * lane
        while both:
            if both & np.uint64(1):
                found[place] = question
                place += 1
            both >>= np.uint64(1)
            question += 1
    if not is_ & WEIGHED:
        return 0, names, place
    if is_ & PENALTY:
        if is_ & NO_REMEDY:
            complaint, report = min(complaint, 0), max(report, 1)
        elif is_ & REMEDY:
            complaint, report = max(complaint, BOTH_CLEAR), max(report, BOTH_CLEAR)
    return spoken_for(complaint, report, enquiry, suggestion), names, place
