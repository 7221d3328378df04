"""All that a charter listens for in a ticket, in one compiled pass: names, words of requests, words of questions.

A trie (`features.trie`) is entered wherever something may begin. Names are found as leftmost-longest matching has it, and hide one
another; words are all found, and each counts once. A question is what takes longer to answer, such as an expression; it
is worth asking where each set of words that it needs (`literals.Needs`) has one in the text.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.codepoints import CodePoints
from features.compiled import compiled
from features.trie import Nodes, child, plant, shift_for
from models.charter.literals import Needs

BOTH_CLEAR = 80
"""Hundredths by which a text has to speak for complaint and for report to be taken as both; less is doubt, not two."""

WEIGHED, REMEDY, PENALTY, NO_REMEDY = 1, 2, 4, 8
"""What a word is: one with weights; one that demands a remedy, a penalty, or expressly no remedy."""

_IS, _SETS, _NAME, _RECORD = 4, 5, 6, 8
"""Places in a word's record, of which the weights are the first four."""

Integers = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint64]

_BEGINS = 17
"""Binary logarithm of the bits that tell where a word may begin: as long as few are set they seldom tell so in vain."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP 3, 6.4)


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
        prefixes = {word[:end] for word in numbers for end in range(1, len(word) + 1)}
        self._nodes, _ = plant(list(numbers), np.arange(len(numbers), dtype=np.float64), 2 * len(prefixes))
        self._begins = _begins(numbers)

    def of(self, text: CodePoints, said: int, domain: str | None) -> Heard:
        """Hear a text. said: where the words begin to count; names count from the first character.

        domain: one that is not among the starts counts as not known.
        """
        start = self._starts.get(domain, self._unknown) if domain else self._unknown
        found = np.empty(self._questions + 3 * len(text), np.int32)
        kinds, worth, end = hear(text, said, self._begins, self._nodes, self._words, self._sets, start, found)
        return (
            kinds,
            found[:worth].tolist() if worth else _NOTHING,
            found[self._questions : end].tolist() if end > self._questions else _NOTHING,
        )


_NOTHING: list[int] = []


def _begins(words: Iterable[str]) -> Bits:
    """uint64 [2 ** _BEGINS / 64]: the bits of the words' first two characters (`_bit_of`), of a lone one of it and nothing."""
    points = [[ord(character) for character in (word + "\0")[:2]] for word in words]
    first, second = np.array(points, np.uint64).reshape(-1, 2).T
    bits = ((first << np.uint64(21)) | second) * _MULTIPLIER >> np.uint64(64 - _BEGINS)
    begins = np.zeros((1 << _BEGINS) // 64, np.uint64)
    np.bitwise_or.at(begins, bits >> np.uint64(6), np.uint64(1) << (bits & np.uint64(63)))
    return begins


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
def _may_begin(begins: Bits, character: np.uint32, following: np.uint32) -> bool:
    bit = ((np.uint64(character) << np.uint64(21)) | np.uint64(following)) * _MULTIPLIER >> np.uint64(64 - _BEGINS)
    return (begins[bit >> np.uint64(6)] >> (bit & np.uint64(63))) & np.uint64(1) != 0


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
    nodes: Nodes,
    words: Integers,
    sets: Bits,
    start: int,
    found: Integers,
) -> tuple[int, int, int]:
    """Return the kinds spoken for, how many questions are worth asking, and where the last name found ends in `found`.

    begins: see `_begins`. words: int32 [words + starts, _RECORD]: four weights, what it is, its row of `sets` and its number as a name, -1 for
    none; start: that of the domain. sets: see `_sets`. found: int32, written here: the questions' numbers, and, after as
    many places as there are questions at all, number, start and end of each name; room for three of each character.
    """
    numbers = nodes.view(np.float64)
    shift = shift_for(nodes)
    heard = np.zeros(len(words) // 64 + 1, np.uint64)
    told = sets[len(sets) - 1].copy()
    lanes = told.shape[1]
    complaint, report, enquiry, suggestion = (
        int(words[start, 0]), int(words[start, 1]), int(words[start, 2]), int(words[start, 3]),
    )  # fmt: skip
    is_ = words[start, _IS]
    size = len(text)
    place = len(found) - 3 * size
    free = 0  # where the last name ends
    for i in range(size):
        following = text[i + 1] if i + 1 < size else np.uint32(0)
        if not (_may_begin(begins, text[i], following) or _may_begin(begins, text[i], np.uint32(0))):
            continue
        node = child(nodes, shift, np.int64(-1), text[i])
        name, end = -1, i
        j = i + 1
        while node >= 0:
            number = numbers[node, 1]
            if not np.isnan(number):
                word = np.int64(number)
                if words[word, _NAME] >= 0:
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
            if j == size:
                break
            node = child(nodes, shift, node, text[j])
            j += 1
        if name >= 0 and i >= free:
            found[place], found[place + 1], found[place + 2] = name, i, end
            place += 3
            free = end
    count = 0
    for lane in range(lanes):
        both = told[0, lane] & told[1, lane]
        question = 64 * lane
        while both:
            if both & np.uint64(1):
                found[count] = question
                count += 1
            both >>= np.uint64(1)
            question += 1
    if not is_ & WEIGHED:
        return 0, count, place
    if is_ & PENALTY:
        if is_ & NO_REMEDY:
            complaint, report = min(complaint, 0), max(report, 1)
        elif is_ & REMEDY:
            complaint, report = max(complaint, BOTH_CLEAR), max(report, BOTH_CLEAR)
    return spoken_for(complaint, report, enquiry, suggestion), count, place
