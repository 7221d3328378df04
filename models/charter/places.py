"""Where the merchant is: the charter's names in a complaint, found in one pass, longest first.

Longest first is what the pass does (`hearing`); here is what the names that it found say.
The merchant's address counts before the merchant's name, that before the text, and the complainant's own address never:
家住东亭街道 says where a citizen lives; 家住东亭街道，楼下超市 says where the shop is as well.
"""

import re
from collections.abc import Iterator
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
_ADDRESS, _TITLE = 0, 2
"""Numbers of the first, and of the first of those that were said."""

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
_MAY_BE_HOME = re.compile(r"(?:住|户|戶|址|家(?<![商店厂]家))[^，。,;；!！?？\n]{0,23}$")
"""Where `_HOME` matches this does; ten times as fast, as each branch begins with a character of its own. 商家 is in every
other text."""
_BESIDE = re.compile(
    # what is beside a home, or is where somebody lodges: it may begin after one comma, not after the end of a sentence
    r"^[^，。,;；!！?？\n]{0,16}[，,]?[^，。,;；!！?？\n]{0,6}?"
    r"(?:楼下|樓下|底商|底层|一楼|附近|旁边|旁邊|隔壁|对面|對面|门口|門口|周边|周邊|小区里|小区内|小區|村里|村口|镇上|鎮上|街上|路边|本地|当地)"
)
_LODGING = re.compile(
    r"^[^，。,;；!！?？\n]{0,12}(?:酒店|宾馆|賓館|旅馆|旅店|民宿|客栈|公寓|养老院|养护院|敬老院|医院|醫院)"
)
_REMEMBERED = 4096
"""Combinations of what names say that are kept."""

_REACH = 40
"""Characters around a name that say whose place it is."""


# what a pattern says, as plain numbers, for they are compared at every match; of the same string the first counts
_PLACE, _AMBIGUOUS, _OFFICE, _LOCALITY, _DEPARTMENT, _NOTHING = range(6)


_Pattern = tuple[int, tuple[str, ...], str]
"""What it means, the codes of the station, of the office, or of the departments that share a term, and the name."""


class Sighting(NamedTuple):
    """What one pass finds.

    place: the best one. others: places of other stations that its field names as well, one of each. doubtful: ambiguous
    names for which no second sign speaks. offices, departments: codes of those that are named.
    """

    place: PlaceFound | None
    others: tuple[PlaceFound, ...]
    doubtful: tuple[PlaceFound, ...]
    offices: tuple[str, ...]
    departments: tuple[str, ...]


Read = tuple[list[PlaceFound], list[PlaceFound]]
"""Names of places, and those without a second sign."""


def written_out(complaint: Complaint) -> tuple[str, int]:
    """A complaint's fields one after another, in the order of `FIELDS`, and where what was said begins: the title."""
    address, merchant = complaint.address, complaint.merchant
    written = f"{address}\n\n{merchant}\n\n{complaint.title}\n{complaint.text}"
    return written, len(address) + len(merchant) + 4


class Places:
    """What a charter's names say where they are found; may be shared by threads.

    places, names: what to look for, as `hearing.Hearing` takes them. What names say that are not of places is kept: four of
    five tickets have some, and there are few sorts.
    """

    def __init__(self, charter: Charter) -> None:
        patterns = _patterns(charter)
        placed = {name: pattern for name, pattern in patterns.items() if pattern[0] <= _AMBIGUOUS}
        self.places = tuple(placed)
        self._placed = [(means == _PLACE, code, name) for means, (code,), name in placed.values()]
        says = {name: (means, codes) for name, (means, codes, _) in patterns.items() if means > _AMBIGUOUS}
        self._says = tuple(dict.fromkeys(says.values()))
        numbers = {what: number for number, what in enumerate(self._says)}
        self.names = {name: numbers[what] for name, what in says.items()}
        self._kept: dict[tuple[int, ...], tuple[Sighting, bool]] = {}

    def sight(self, complaint: Complaint, places: list[int], says: list[int]) -> Sighting:
        """The best place, and everything else that the charter has a name for.

        places, says: as in `hearing.Heard`, of the complaint as it is written out.
        """
        said = tuple(says)
        seen, local = self._kept.get(said) or self._seen(said)
        if not places:
            return seen
        sure, doubtful = self._read(complaint, places, local=local)
        best: PlaceFound | None = None
        others: tuple[PlaceFound, ...] = ()
        if sure:
            best = sure[0]
            if len(sure) > 1:
                best, others = _best(sure)
        return made(Sighting, (best, others, tuple(doubtful), seen.offices, seen.departments))

    def found(self, complaint: Complaint, places: list[int], says: list[int]) -> tuple[PlaceFound, ...]:
        """The places that say where the merchant is, best first."""
        _, local = self._seen(tuple(says))
        return tuple(_ordered(self._read(complaint, places, local=local)[0]))

    def _read(self, complaint: Complaint, places: list[int], *, local: bool) -> Read:
        """What each place means where it stands; local: whether the locality is named."""
        fields = (complaint.address, complaint.merchant, complaint.title, complaint.text)
        merchant = len(fields[0]) + 2
        title = merchant + len(fields[1]) + 2
        text = title + len(fields[2]) + len(JOINT)
        begins = (0, merchant, title, text)
        sure: list[PlaceFound] = []
        unsure: list[PlaceFound] = []
        for at in range(0, len(places), 3):
            means_one, station, name = self._placed[places[at]]
            start, end = places[at + 1], places[at + 2]
            field = (start >= merchant) + (start >= title) + (start >= text)
            start, end = start - begins[field], end - begins[field]
            if field < _TITLE or not _own_home(fields[field], start, end):
                found = made(PlaceFound, (station, name, FIELDS[field], start, end))
                (sure if means_one or field == _ADDRESS else unsure).append(found)
        if not unsure or local:
            return sure + unsure, []
        vouched = {found.station for found in sure}
        doubtful = [found for found in unsure if found.station not in vouched]
        return sure + [found for found in unsure if found.station in vouched], doubtful

    def _seen(self, says: tuple[int, ...]) -> tuple[Sighting, bool]:
        """What is said by names that are not of places, and whether the locality is among them."""
        told = [self._says[what] for what in says]
        offices, departments = (
            tuple(dict.fromkeys([code for means, codes in told if means == asked for code in codes]))
            for asked in (_OFFICE, _DEPARTMENT)
        )
        if len(self._kept) >= _REMEMBERED:
            self._kept.clear()
        sighting = Sighting(None, others=(), doubtful=(), offices=offices, departments=departments)
        seen = self._kept[says] = sighting, any(means == _LOCALITY for means, _ in told)
        return seen


class PlaceFinder:
    """Finds a charter's places and nothing else; may be shared by threads."""

    def __init__(self, charter: Charter) -> None:
        self._places = places = Places(charter)
        self._hearing = Hearing({}, {"": Weighed((0, 0, 0, 0), 0)}, (), places.places, places.names)

    def find(self, complaint: Complaint) -> tuple[PlaceFound, ...]:
        """The places that say where the merchant is, best first; offsets are of the original fields."""
        return self._places.found(complaint, *self._heard(complaint))

    def sight(self, complaint: Complaint) -> Sighting:
        """The best place, and everything else that the charter has a name for."""
        return self._places.sight(complaint, *self._heard(complaint))

    def _heard(self, complaint: Complaint) -> tuple[list[int], list[int]]:
        _, _, places, names = self._hearing.of(encode(written_out(complaint)[0]), 0, None)
        return places, names


def _ordered(found: list[PlaceFound]) -> list[PlaceFound]:
    """By field; where a field names several stations, the one that it names most before the others."""
    named = [(each.field, each.station) for each in found]
    return sorted(found, key=lambda each: (FIELDS.index(each.field), -named.count((each.field, each.station))))


def _best(found: list[PlaceFound]) -> tuple[PlaceFound, tuple[PlaceFound, ...]]:
    """The first of them in that order, and of each other station that its field names, too, the first."""
    best = min(found, key=lambda each: FIELDS.index(each.field))
    stations = [each.station for each in found if each.field == best.field]
    if stations.count(best.station) == len(stations):
        return best, ()
    best, *rest = [each for each in _ordered(found) if each.field == best.field]
    others: dict[str, PlaceFound] = {}
    for each in rest:
        if each.station != best.station:
            others.setdefault(each.station, each)
    return best, tuple(others.values())


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
