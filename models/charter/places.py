"""Where the merchant is: the charter's names in a complaint, found in one pass, longest first.

The merchant's address counts before the merchant's name, that before the text, and the complainant's own address never:
家住东亭街道 says where a citizen lives; 家住东亭街道，楼下超市 says where the shop is as well.
"""

import re
from collections.abc import Iterator, Sequence
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


# what a pattern says, as plain numbers, for they are compared at every match; of the same string the first counts
_PLACE, _AMBIGUOUS, _OFFICE, _LOCALITY, _DEPARTMENT, _NOTHING = range(6)


class _Pattern(NamedTuple):
    """codes: of the station, of the office, or of the departments that share a term."""

    means: int
    codes: tuple[str, ...]
    name: str


class Sighting(NamedTuple):
    """What one pass finds.

    place: the best one. mixed: its field names places of other stations as well. doubtful: ambiguous names for which no
    second sign speaks. offices, departments: codes of those that are named.
    """

    place: PlaceFound | None
    mixed: bool
    doubtful: tuple[PlaceFound, ...]
    offices: tuple[str, ...]
    departments: tuple[str, ...]


_Hit = tuple[int, int, int, str, str]
"""A name of a place: its field by number, its span there, the station, the name as the charter has it."""

NOTHING_SEEN = Sighting(None, mixed=False, doubtful=(), offices=(), departments=())


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
        return tuple([_place(hit) for hit in self._read(complaint).hits])

    def sight(self, complaint: Complaint) -> Sighting:
        """The best place, and everything else that the charter has a name for."""
        hits, doubtful, offices, departments = self._read(complaint)
        if not hits:
            if doubtful or offices or departments:
                return NOTHING_SEEN._replace(
                    doubtful=tuple(map(_place, doubtful)), offices=offices, departments=departments
                )
            return NOTHING_SEEN
        best = hits[0]
        mixed = len(hits) > 1 and any(hit[0] == best[0] and hit[3] != best[3] for hit in hits)
        return Sighting(_place(best), mixed, tuple(map(_place, doubtful)), offices, departments)

    def _read(self, complaint: Complaint) -> "_Read":
        address, merchant, title = complaint.address, complaint.merchant, complaint.title
        whole = f"{address}{_BETWEEN}{merchant}{_BETWEEN}{title}{_BETWEEN}{complaint.text}"
        try:
            found = self._find.find_matches_as_indexes(whole)
        except UnicodeEncodeError:
            # half a character, which a broken export may hold: a question mark stands in its place
            found = self._find.find_matches_as_indexes(whole.encode("utf-8", "replace").decode())
        if not found:
            return _NOTHING_READ
        second = len(address) + len(_BETWEEN)
        third = second + len(merchant) + len(_BETWEEN)
        begins = (0, second, third, third + len(title) + len(_BETWEEN))
        return self._sorted(found, whole, begins)

    def _sorted(self, found: list[tuple[int, int, int]], whole: str, begins: tuple[int, int, int, int]) -> "_Read":
        patterns = self._patterns
        sure: list[_Hit] = []
        unsure: list[_Hit] = []
        offices: list[str] = []
        departments: list[str] = []
        local = False
        for number, start, end in found:
            means, codes, name = patterns[number]
            if means <= _AMBIGUOUS:
                field = 3 if start >= begins[3] else 2 if start >= begins[2] else 1 if start >= begins[1] else 0
                begin = begins[field]
                if field > 1 and _own_home(whole, begin, start, end):
                    continue
                hit = (field, start - begin, end - begin, codes[0], name)
                (sure if means == _PLACE or field == 0 else unsure).append(hit)
            elif means == _LOCALITY:
                local = True
            elif means == _OFFICE:
                offices += codes
            elif means == _DEPARTMENT:
                departments += codes
        doubtful: list[_Hit] = []
        if unsure:
            vouched = {hit[3] for hit in sure}
            for hit in unsure:
                (sure if local or hit[3] in vouched else doubtful).append(hit)
        return _Read(
            _ordered(sure) if len(sure) > 1 else sure,
            doubtful,
            tuple(dict.fromkeys(offices)) if offices else (),
            tuple(dict.fromkeys(departments)) if departments else (),
        )


class _Read(NamedTuple):
    hits: Sequence[_Hit]
    doubtful: Sequence[_Hit]
    offices: tuple[str, ...]
    departments: tuple[str, ...]


_NOTHING_READ = _Read((), (), (), ())


def _place(hit: _Hit) -> PlaceFound:
    field, start, end, station, name = hit
    return PlaceFound(station, name, FIELDS[field], start, end)


def _ordered(hits: list[_Hit]) -> list[_Hit]:
    """By field; where a field names several stations, the one that it names most before the others."""
    stations = [(field, station) for field, _, _, station, _ in hits]
    if len(set(stations)) == 1:
        return hits
    return sorted(hits, key=lambda hit: (hit[0], -stations.count((hit[0], hit[3]))))


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
        yield name, _Pattern(_LOCALITY, (), name)
    of_term: dict[str, list[str]] = {}
    for department in charter.departments:
        for term in department.terms:
            of_term.setdefault(term, []).append(department.code)
    for term, codes in of_term.items():
        yield term, _Pattern(_DEPARTMENT, tuple(codes), term)


def _of_place(station: str, place: PlaceName) -> Iterator[tuple[str, _Pattern]]:
    means = _AMBIGUOUS if place.second_sign else _PLACE
    for name in (place.name, *place.aliases):
        yield name, _Pattern(means, (station,), name)
    for name in place.excluded:
        yield name, _Pattern(_NOTHING, (), name)


def _of_office(office: Office) -> Iterator[tuple[str, _Pattern]]:
    if office.kind is OfficeKind.EXTERNAL:
        return
    for name in (office.name, *office.aliases):
        # codes such as O11 are also models of goods
        if len(name) >= _SHORTEST_OFFICE_NAME and not name.isascii():
            yield name, _Pattern(_OFFICE, (office.code,), name)
