"""The compiled pass against what it promises written out, and against a library's automaton."""

import pytest
from ahocorasick_rs import AhoCorasick, MatchKind
from hypothesis import given, settings
from hypothesis import strategies as st

from features.codepoints import encode
from models.charter.hearing import NO_REMEDY, PENALTY, REMEDY, WEIGHED, Hearing, Weighed, spoken_for

# few characters, so that words overlap and begin alike; one beyond the 16-bit plane, and half of one
LETTERS = "ab退\U00020000\ud800"
WORDS = st.text(LETTERS, min_size=1, max_size=4)
TEXTS = st.text(LETTERS + "\n。", max_size=60)
NEEDS = st.lists(st.frozensets(WORDS, min_size=1, max_size=3), max_size=2).map(tuple)
NOT_KNOWN = {"": Weighed((0, 0, 0, 0), 0)}


@st.composite
def weighed(draw):
    demands = draw(st.sampled_from([0, REMEDY, PENALTY, NO_REMEDY]))
    return Weighed(draw(st.tuples(*[st.integers(-200, 200)] * 4)), WEIGHED | demands)


def kinds_in(text, words, start):
    """The module's promise, word by word."""
    heard = [start, *(record for word, record in words.items() if word in text)]
    said = {bit for record in heard for bit in (WEIGHED, REMEDY, PENALTY, NO_REMEDY) if record.is_ & bit}
    if WEIGHED not in said:
        return 0
    complaint, report, enquiry, suggestion = (sum(scores) for scores in zip(*(r.weights for r in heard), strict=True))
    if {PENALTY, NO_REMEDY} <= said:
        complaint, report = min(complaint, 0), max(report, 1)
    elif {PENALTY, REMEDY} <= said:
        complaint, report = max(complaint, 80), max(report, 80)
    return spoken_for(complaint, report, enquiry, suggestion)


@given(
    words=st.dictionaries(WORDS, weighed(), max_size=6),
    text=TEXTS,
    before=TEXTS,
    start=weighed(),
    domain=st.sampled_from([None, "known", "other"]),
)
@settings(deadline=None)
def test_each_word_that_is_said_is_weighed_once(words, text, before, start, domain):
    hearing = Hearing(words, {**NOT_KNOWN, "known": start})

    heard = hearing.of(encode(before + "|" + text), len(before) + 1, domain)

    assert heard[0] == kinds_in(text, words, start if domain == "known" else NOT_KNOWN[""])


@given(text=TEXTS, questions=st.lists(NEEDS, max_size=130))
@settings(deadline=None)
def test_a_question_is_worth_asking_where_each_of_its_needs_is_met(text, questions):
    worth = Hearing({}, NOT_KNOWN, questions).of(encode(text), 0, None)[1]

    assert worth == [
        number for number, needs in enumerate(questions) if all(any(word in text for word in words) for words in needs)
    ]


@given(
    text=st.text("ab退\U00020000", max_size=60),
    named=st.lists(st.text("ab退\U00020000", min_size=1, max_size=4), unique=True, max_size=6),
    words=st.dictionaries(WORDS, weighed(), max_size=3),
    count=st.integers(0, 6),
)
@settings(deadline=None)
def test_names_are_found_as_the_librarys_automaton_finds_them(text, named, words, count):
    others = {name: number % 2 for number, name in enumerate(named[count:], count)}
    *_, places, says = Hearing(words, NOT_KNOWN, [], named[:count], others).of(encode(text), 0, None)

    found = AhoCorasick(named, matchkind=MatchKind.LeftmostLongest).find_matches_as_indexes(text)
    assert list(zip(places[::3], places[1::3], places[2::3], strict=True)) == [
        each for each in found if each[0] < count
    ]
    assert says == list(dict.fromkeys([number % 2 for number, _, _ in found if number >= count]))


def test_a_name_is_found_before_the_words_begin_and_a_word_is_not():
    hearing = Hearing({"ab": Weighed((90, 0, 0, 0))}, NOT_KNOWN, [({"b"},)], ["ab"], {"|a": 1})

    assert hearing.of(encode("ab|a"), 3, None) == (0, [], [0, 0, 2], [1])


@pytest.mark.parametrize(
    ("scores", "kinds"),
    [
        ((100, 90, -1, -1), 0b0011),
        ((100, 79, -1, -1), 0b0001),
        ((10, 79, -1, -1), 0b0010),
        ((10, -5, 20, -1), 0b0101),
        ((-10, -5, -20, -6), 0b0010),
    ],
)
def test_kinds_are_those_spoken_for_and_two_tracks_only_where_both_are_clear(scores, kinds):
    assert spoken_for(*scores) == kinds
