"""Where the merchant is: the charter's names in a complaint, found in one pass, longest first.

The merchant's address counts before the merchant's name, that before the text, and the complainant's own address never:
家住东亭街道 says where a citizen lives; 家住东亭街道，楼下超市 says where the shop is as well.
"""

import re
from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

import opencc
from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from features.complaint import Complaint
from models.charter.articles import Charter, Office, OfficeKind, PlaceName
from models.charter.route import PlaceFound

FIELDS = ("address", "merchant", "title", "text")
"""The fields in the order in which they are believed."""

_BETWEEN = "\n\n"
"""Between fields: no name has it, and no clause reaches over it."""

_SCRIPTS = ("s2t", "s2tw", "s2hk")
_SHORTEST_OFFICE_NAME = 3

_HOME = re.compile(
    # who lives somewhere, up to the name itself: nothing that ends a clause is between
    r"(?:家住|現住|现住|租住|居住|暂住|暫住|寓居|(?:我|本人|自己|全家|一家|父母|母亲|父亲|老人|女士|先生|来电人|来访人|市民)[^，。,.;；:：!！?？\n]{0,6}?住|"
    r"(?:^|[，。,;；\n])住|(?:住址|住所|住处|家庭地址|联系地址|户籍|户口)[^，。,;；\n]{0,4}|(?:我|本人)的?家(?:就)?(?:在|是)|(?:^|[，。,;；\n])家在|老家(?:在|是)?)"
    r"[^，。,;；!！?？\n]{0,16}$"
)
_MAY_BE_HOME = re.compile("[住家户戶址]")
"""Without one of these `_HOME` matches nothing; it is ten times as fast."""
_BESIDE = re.compile(
    # what is beside a home, or is where somebody lodges: it may begin after one comma, not after the end of a sentence
    r"^[^，。,;；!！?？\n]{0,16}[，,]?[^，。,;；!！?？\n]{0,6}?"
    r"(?:楼下|樓下|底商|底层|一楼|附近|旁边|旁邊|隔壁|对面|對面|门口|門口|周边|周邊|小区里|小区内|小區|村里|村口|镇上|鎮上|街上|路边|本地|当地)"
)
_LODGING = re.compile(
    r"^[^，。,;；!！?？\n]{0,12}(?:酒店|宾馆|賓館|旅馆|旅店|民宿|客栈|公寓|养老院|养护院|敬老院|医院|醫院)"
)
_REACH = 40
"""Characters around a name that say whose place it is."""


class _Means(IntEnum):
    """What a pattern says; of the same string the first counts."""

    PLACE = 0
    AMBIGUOUS = 1
    OFFICE = 2
    LOCALITY = 3
    DEPARTMENT = 4
    NOTHING = 5


class _Pattern(NamedTuple):
    """codes: of the station, of the office, or of the departments that share a term."""

    means: _Means
    codes: tuple[str, ...]
    name: str


class Sighting(NamedTuple):
    """What one pass finds: places best first, codes of offices and of departments that the text names.

    doubtful: ambiguous names for which no second sign speaks.
    """

    places: tuple[PlaceFound, ...]
    doubtful: tuple[PlaceFound, ...]
    offices: tuple[str, ...]
    departments: tuple[str, ...]


NOTHING_SEEN = Sighting((), (), (), ())


class PlaceFinder:
    """Finds a charter's places; holds an automaton, no state, and may be shared by threads."""

    def __init__(self, charter: Charter) -> None:
        patterns = _patterns(charter)
        self._patterns = list(patterns.values())
        # as fast as a DFA, at a tenth of its memory
        self._find = AhoCorasick(
            list(patterns),
            matchkind=MatchKind.LeftmostLongest,
            implementation=Implementation.ContiguousNFA,
        )

    def find(self, complaint: Complaint) -> tuple[PlaceFound, ...]:
        """The places that say where the merchant is, best first; offsets are of the original fields."""
        return self.sight(complaint).places

    def sight(self, complaint: Complaint) -> Sighting:
        """Everything that the charter has a name for."""
        address, merchant, title = complaint.address, complaint.merchant, complaint.title
        whole = f"{address}{_BETWEEN}{merchant}{_BETWEEN}{title}{_BETWEEN}{complaint.text}"
        try:
            found = self._find.find_matches_as_indexes(whole)
        except UnicodeEncodeError:
            # half a character, which a broken export may hold: a question mark stands in its place
            found = self._find.find_matches_as_indexes(whole.encode("utf-8", "replace").decode())
        if not found:
            return NOTHING_SEEN
        return self._sort(found, whole, (len(address), len(merchant), len(title)))

    def _sort(self, found: list[tuple[int, int, int]], whole: str, lengths: tuple[int, int, int]) -> Sighting:
        patterns = self._patterns
        sure: list[tuple[int, PlaceFound]] = []
        unsure: list[tuple[int, PlaceFound]] = []
        offices: dict[str, None] = {}
        departments: dict[str, None] = {}
        local = False
        for number, start, end in found:
            means, codes, name = patterns[number]
            if means <= _Means.AMBIGUOUS:
                field, begin = 0, 0
                while field < len(lengths) and start >= begin + lengths[field]:
                    begin += lengths[field] + len(_BETWEEN)
                    field += 1
                if field > 1 and _own_home(whole, begin, start, end):
                    continue
                place = PlaceFound(codes[0], name, FIELDS[field], start - begin, end - begin)
                (sure if means is _Means.PLACE or field == 0 else unsure).append((field, place))
            elif means is _Means.LOCALITY:
                local = True
            elif means is _Means.OFFICE:
                offices[codes[0]] = None
            elif means is _Means.DEPARTMENT:
                departments.update(dict.fromkeys(codes))
        doubtful: tuple[PlaceFound, ...] = ()
        if unsure:
            vouched = {place.station for _, place in sure}
            doubtful = tuple([place for _, place in unsure if not (local or place.station in vouched)])
            # after the sure ones: the order is stable within a field
            sure += [each for each in unsure if local or each[1].station in vouched]
        if len(sure) > 1:
            often = Counter([(field, place.station) for field, place in sure])
            # where a field names several stations, the one that it names most
            sure.sort(key=lambda each: (each[0], -often[each[0], each[1].station]))
        return Sighting(tuple([place for _, place in sure]), doubtful, tuple(offices), tuple(departments))


def _own_home(whole: str, begin: int, start: int, end: int) -> bool:
    """Tell whether whole[start:end] is where the complainant lives and not where the merchant is."""
    before = whole[max(begin, start - _REACH) : start]
    if not (_MAY_BE_HOME.search(before) and _HOME.search(before)):
        return False
    after = whole[end : end + _REACH]
    return not (_BESIDE.match(after) or _LODGING.match(after))


def _patterns(charter: Charter) -> dict[str, _Pattern]:
    """What each string means, in simplified and traditional script."""
    found: dict[str, _Pattern] = {}
    for written, pattern in sorted(_said(charter), key=lambda each: each[1].means):
        found.setdefault(written, pattern)
    converters = [opencc.OpenCC(script) for script in _SCRIPTS]
    for written, pattern in list(found.items()):
        for converter in converters:
            found.setdefault(converter.convert(written), pattern)
    found.pop("", None)
    return found


def _said(charter: Charter) -> Iterator[tuple[str, _Pattern]]:
    """Every string of the charter that tells something."""
    for territory in charter.territories:
        for place in territory.names:
            yield from _of_place(territory.station, place)
    for office in charter.offices:
        yield from _of_office(office)
    for name in charter.locality:
        yield name, _Pattern(_Means.LOCALITY, (), name)
    of_term: dict[str, list[str]] = {}
    for department in charter.departments:
        for term in department.terms:
            of_term.setdefault(term, []).append(department.code)
    for term, codes in of_term.items():
        yield term, _Pattern(_Means.DEPARTMENT, tuple(codes), term)


def _of_place(station: str, place: PlaceName) -> Iterator[tuple[str, _Pattern]]:
    means = _Means.AMBIGUOUS if place.second_sign else _Means.PLACE
    for name in (place.name, *place.aliases):
        yield name, _Pattern(means, (station,), name)
    for name in place.excluded:
        yield name, _Pattern(_Means.NOTHING, (), name)


def _of_office(office: Office) -> Iterator[tuple[str, _Pattern]]:
    if office.kind is OfficeKind.EXTERNAL:
        return
    for name in (office.name, *office.aliases):
        # codes such as O11 are also models of goods
        if len(name) >= _SHORTEST_OFFICE_NAME and not name.isascii():
            yield name, _Pattern(_Means.OFFICE, (office.code,), name)
