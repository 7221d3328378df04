"""Where the merchant is: the charter's names in a complaint, found in one pass, longest first.

Longest first is what the pass does (`hearing`); here is what the names that it found say.
The merchant's address counts before the merchant's name, that before the text, and the complainant's own address never:
家住东亭街道 says where a citizen lives; 家住东亭街道，楼下超市 says where the shop is as well.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import opencc

from features.codepoints import encode
from features.complaint import Complaint
from models.charter.articles import Charter, Office, OfficeKind, PlaceName
from models.charter.hearing import Hearing, Weighed
from models.charter.route import PlaceFound
from models.prediction import made

FIELDS = ("address", "merchant", "title", "text")
"""The fields in the order in which they are believed."""

JOINT = "\n"
"""Between title and text, doubled between other fields: no name has it, and no expression or clause reaches over it."""

_SCRIPTS = ("s2t", "s2tw", "s2hk")
_SHORTEST_OFFICE_NAME = 3

_HOME = re.compile(
    # who lives somewhere, up to the name itself: nothing that ends a clause is between
    r"(?:家住|現住|现住|租住|居住|暂住|暫住|寓居|(?:我|本人|自己|全家|一家|父母|母亲|父亲|老人|女士|先生|来电人|来访人|市民)[^，。,.;；:：!！?？\n]{0,6}?住|"
    r"(?:^|[，。,;；\n])住|(?:住址|住所|住处|家庭地址|联系地址|户籍|户口)[^，。,;；\n]{0,4}|(?:我|本人)的?家(?:就)?(?:在|是)|(?:^|[，。,;；\n])家在|老家(?:在|是)?)"
    r"[^，。,;；!！?？\n]{0,16}$"
)
_MAY_BE_HOME = re.compile("住|户|戶|址|家(?<![商店厂]家)")
"""Without one of these `_HOME` matches nothing; it is ten times as fast, as each begins with a character of its own. 商家 is
in every other text."""
_BESIDE = re.compile(
    # what is beside a home, or is where somebody lodges: it may begin after one comma, not after the end of a sentence
    r"^[^，。,;；!！?？\n]{0,16}[，,]?[^，。,;；!！?？\n]{0,6}?"
    r"(?:楼下|樓下|底商|底层|一楼|附近|旁边|旁邊|隔壁|对面|對面|门口|門口|周边|周邊|小区里|小区内|小區|村里|村口|镇上|鎮上|街上|路边|本地|当地)"
)
_LODGING = re.compile(
    r"^[^，。,;；!！?？\n]{0,12}(?:酒店|宾馆|賓館|旅馆|旅店|民宿|客栈|公寓|养老院|养护院|敬老院|医院|醫院)"
)
_REMEMBERED = 4096
"""Names, one after another, of which it is kept what they say."""

_REACH = 40
"""Characters around a name that say whose place it is."""


# what a pattern says, as plain numbers, for they are compared at every match; of the same string the first counts
_PLACE, _AMBIGUOUS, _OFFICE, _LOCALITY, _DEPARTMENT, _NOTHING = range(6)


_Pattern = tuple[int, tuple[str, ...], str]
"""What it means, the codes of the station, of the office, or of the departments that share a term, and the name."""


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

Read = tuple[Sequence[_Hit], Sequence[_Hit], tuple[str, ...], tuple[str, ...]]
"""Names of places, best first, those without a second sign, and codes of offices and departments."""

NOTHING_SEEN = Sighting(None, mixed=False, doubtful=(), offices=(), departments=())


def written_out(complaint: Complaint) -> tuple[str, int]:
    """A complaint's fields one after another, in the order of `FIELDS`, and where what was said begins: the title."""
    address, merchant = complaint.address, complaint.merchant
    written = f"{address}\n\n{merchant}\n\n{complaint.title}\n{complaint.text}"
    return written, len(address) + len(merchant) + 4


class Places:
    """What a charter's names say where they are found; may be shared by threads.

    names: what to look for. What names say that do not depend on where they stand is kept: two of three tickets that
    have a name have no name of a place.
    """

    def __init__(self, charter: Charter) -> None:
        patterns = _patterns(charter)
        self.names = tuple(patterns)
        self._patterns = list(patterns.values())
        self._kept: dict[tuple[int, ...], Sighting] = {}

    def sight(self, complaint: Complaint, names: list[int]) -> Sighting:
        """The best place, and everything else that the charter has a name for.

        names: as in `hearing.Heard`, of the complaint as it is written out.
        """
        if not names:
            return NOTHING_SEEN
        numbers = tuple(names[::3])
        known = self._kept.get(numbers)
        if known is not None:
            return known
        hits, doubtful, offices, departments = self.read(complaint, names)
        best, mixed = None, False
        if hits:
            best = _place(hits[0])
            if len(hits) > 1:
                field, _, _, station, _ = hits[0]
                mixed = any(hit[0] == field and hit[3] != station for hit in hits)
        asked = tuple([_place(hit) for hit in doubtful]) if doubtful else ()
        found: Sighting = made(Sighting, (best, mixed, asked, offices, departments))
        if best is None and not asked and all(self._patterns[number][0] > _AMBIGUOUS for number in numbers):
            if len(self._kept) >= _REMEMBERED:
                self._kept.clear()
            self._kept[numbers] = found
        return found

    def read(self, complaint: Complaint, names: list[int]) -> Read:
        """What each name means where it stands."""
        patterns = self._patterns
        fields = (complaint.address, complaint.merchant, complaint.title, complaint.text)
        merchant = len(fields[0]) + 2
        title = merchant + len(fields[1]) + 2
        text = title + len(fields[2]) + len(JOINT)
        begins = (0, merchant, title, text)
        sure: list[_Hit] = []
        unsure: list[_Hit] = []
        offices: tuple[str, ...] = ()
        departments: tuple[str, ...] = ()
        local = False
        for at in range(0, len(names), 3):
            means, codes, name = patterns[names[at]]
            if means == _DEPARTMENT:
                departments += codes
            elif means <= _AMBIGUOUS:
                start, end = names[at + 1], names[at + 2]
                field = (start >= merchant) + (start >= title) + (start >= text)
                start, end = start - begins[field], end - begins[field]
                if field > 1 and _own_home(fields[field], start, end):
                    continue
                hit = (field, start, end, codes[0], name)
                (sure if means == _PLACE or field == 0 else unsure).append(hit)
            elif means == _LOCALITY:
                local = True
            elif means == _OFFICE:
                offices += codes
        doubtful: list[_Hit] = []
        if unsure:
            vouched = {hit[3] for hit in sure}
            for hit in unsure:
                (sure if local or hit[3] in vouched else doubtful).append(hit)
        return _ordered(sure) if len(sure) > 1 else sure, doubtful, _once(offices), _once(departments)


class PlaceFinder:
    """Finds a charter's places and nothing else; may be shared by threads."""

    def __init__(self, charter: Charter) -> None:
        self._places = Places(charter)
        self._hearing = Hearing({}, {"": Weighed((0, 0, 0, 0), 0)}, names=self._places.names)

    def find(self, complaint: Complaint) -> tuple[PlaceFound, ...]:
        """The places that say where the merchant is, best first; offsets are of the original fields."""
        return tuple([_place(hit) for hit in self._places.read(complaint, self._names(complaint))[0]])

    def sight(self, complaint: Complaint) -> Sighting:
        """The best place, and everything else that the charter has a name for."""
        return self._places.sight(complaint, self._names(complaint))

    def _names(self, complaint: Complaint) -> list[int]:
        return self._hearing.of(encode(written_out(complaint)[0]), 0, None)[2]


def _place(hit: _Hit) -> PlaceFound:
    field, start, end, station, name = hit
    return made(PlaceFound, (station, name, FIELDS[field], start, end))


def _once(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes)) if len(codes) > 1 else codes


def _ordered(hits: list[_Hit]) -> list[_Hit]:
    """By field; where a field names several stations, the one that it names most before the others."""
    stations = [(field, station) for field, _, _, station, _ in hits]
    if len(set(stations)) <= 1:
        return hits
    return sorted(hits, key=lambda hit: (hit[0], -stations.count((hit[0], hit[3]))))


def _own_home(text: str, start: int, end: int) -> bool:
    """Tell whether text[start:end] is where the complainant lives and not where the merchant is."""
    before = text[max(0, start - _REACH) : start]
    if not (_MAY_BE_HOME.search(before) and _HOME.search(before)):
        return False
    after = text[end : end + _REACH]
    return not (_BESIDE.match(after) or _LODGING.match(after))


def _patterns(charter: Charter) -> dict[str, _Pattern]:
    """What each string means, in simplified and traditional script."""
    found: dict[str, _Pattern] = {}
    for written, pattern in sorted(_said(charter), key=lambda each: each[1][0]):
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
        yield name, (_LOCALITY, (), name)
    of_term: dict[str, list[str]] = {}
    for department in charter.departments:
        for term in department.terms:
            of_term.setdefault(term, []).append(department.code)
    for term, codes in of_term.items():
        yield term, (_DEPARTMENT, tuple(codes), term)


def _of_place(station: str, place: PlaceName) -> Iterator[tuple[str, _Pattern]]:
    means = _AMBIGUOUS if place.second_sign else _PLACE
    for name in (place.name, *place.aliases):
        yield name, (means, (station,), name)
    for name in place.excluded:
        yield name, (_NOTHING, (), name)


def _of_office(office: Office) -> Iterator[tuple[str, _Pattern]]:
    if office.kind is OfficeKind.EXTERNAL:
        return
    for name in (office.name, *office.aliases):
        # codes such as O11 are also models of goods
        if len(name) >= _SHORTEST_OFFICE_NAME and not name.isascii():
            yield name, (_OFFICE, (office.code,), name)
