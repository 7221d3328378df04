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
from models.charter.literals import needs
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

    place: the best one. others: places of other stations that its field names as well, one of each. doubtful: ambiguous
    names for which no second sign speaks. offices, departments: codes of those that are named.
    """

    place: PlaceFound | None
    others: tuple[PlaceFound, ...]
    doubtful: tuple[PlaceFound, ...]
    offices: tuple[str, ...]
    departments: tuple[str, ...]


_Hit = tuple[int, int, int, str, str]
"""A name of a place: its field by number, its span there, the station, the name as the charter has it."""

Read = tuple[Sequence[_Hit], Sequence[_Hit]]
"""Names of places, best first, and those without a second sign."""


def written_out(complaint: Complaint) -> tuple[str, int]:
    """A complaint's fields one after another, in the order of `FIELDS`, and where what was said begins: the title."""
    address, merchant = complaint.address, complaint.merchant
    written = f"{address}\n\n{merchant}\n\n{complaint.title}\n{complaint.text}"
    return written, len(address) + len(merchant) + 4


class Places:
    """What a charter's names say where they are found; may be shared by threads.

    places, names: what to look for, as `hearing.Hearing` takes them. at_home: without these words nothing is said of where
    somebody lives, and nobody need look for it. What names say that are not of places is kept: four of
    five tickets have some, and there are few sorts.
    """

    def __init__(self, charter: Charter) -> None:
        patterns = _patterns(charter)
        placed = {name: pattern for name, pattern in patterns.items() if pattern[0] <= _AMBIGUOUS}
        self.places = tuple(placed)
        self.names = tuple([name for name in patterns if name not in placed])
        self._patterns = [patterns[name] for name in (*self.places, *self.names)]
        self.at_home = needs(_HOME.pattern)
        self._kept: dict[tuple[int, ...], tuple[Sighting, bool]] = {}

    def sight(self, complaint: Complaint, places: list[int], names: list[int], *, at_home: bool) -> Sighting:
        """The best place, and everything else that the charter has a name for.

        places, names: as in `hearing.Heard`, of the complaint as it is written out. at_home: whether that question is worth
        asking.
        """
        said = tuple(names)
        seen, local = self._kept.get(said) or self._seen(said)
        if not places:
            return seen
        hits, doubtful = self._read(complaint, places, local=local, at_home=at_home)
        best: PlaceFound | None = None
        others: tuple[PlaceFound, ...] = ()
        if hits:
            best = _place(hits[0])
            if len(hits) > 1:
                others = _others(hits)
        asked = tuple([_place(hit) for hit in doubtful]) if doubtful else ()
        return made(Sighting, (best, others, asked, seen.offices, seen.departments))

    def found(
        self, complaint: Complaint, places: list[int], names: list[int], *, at_home: bool
    ) -> tuple[PlaceFound, ...]:
        """The places that say where the merchant is, best first."""
        said = tuple(names)
        _, local = self._kept.get(said) or self._seen(said)
        return tuple([_place(hit) for hit in self._read(complaint, places, local=local, at_home=at_home)[0]])

    def _read(self, complaint: Complaint, places: list[int], *, local: bool, at_home: bool) -> Read:
        """What each place means where it stands; local: whether the locality is named."""
        patterns = self._patterns
        fields = (complaint.address, complaint.merchant, complaint.title, complaint.text)
        merchant = len(fields[0]) + 2
        title = merchant + len(fields[1]) + 2
        text = title + len(fields[2]) + len(JOINT)
        begins = (0, merchant, title, text)
        sure: list[_Hit] = []
        unsure: list[_Hit] = []
        for at in range(0, len(places), 3):
            means, codes, name = patterns[places[at]]
            start, end = places[at + 1], places[at + 2]
            field = (start >= merchant) + (start >= title) + (start >= text)
            start, end = start - begins[field], end - begins[field]
            if not at_home or field < _TITLE or not _own_home(fields[field], start, end):
                hit = (field, start, end, codes[0], name)
                (sure if means == _PLACE or field == _ADDRESS else unsure).append(hit)
        doubtful: list[_Hit] = []
        if unsure:
            vouched = {hit[3] for hit in sure}
            for hit in unsure:
                (sure if local or hit[3] in vouched else doubtful).append(hit)
        return _ordered(sure) if len(sure) > 1 else sure, doubtful

    def _seen(self, names: tuple[int, ...]) -> tuple[Sighting, bool]:
        """What names say that are not of places, and whether the locality is among them."""
        told = [self._patterns[name] for name in names]
        offices, departments = (
            tuple(dict.fromkeys([code for means, codes, _ in told if means == asked for code in codes]))
            for asked in (_OFFICE, _DEPARTMENT)
        )
        if len(self._kept) >= _REMEMBERED:
            self._kept.clear()
        sighting = Sighting(None, others=(), doubtful=(), offices=offices, departments=departments)
        seen = self._kept[names] = sighting, any(means == _LOCALITY for means, _, _ in told)
        return seen


class PlaceFinder:
    """Finds a charter's places and nothing else; may be shared by threads."""

    def __init__(self, charter: Charter) -> None:
        self._places = places = Places(charter)
        self._hearing = Hearing({}, {"": Weighed((0, 0, 0, 0), 0)}, [places.at_home], places.places, places.names)

    def find(self, complaint: Complaint) -> tuple[PlaceFound, ...]:
        """The places that say where the merchant is, best first; offsets are of the original fields."""
        places, names, at_home = self._heard(complaint)
        return self._places.found(complaint, places, names, at_home=at_home)

    def sight(self, complaint: Complaint) -> Sighting:
        """The best place, and everything else that the charter has a name for."""
        places, names, at_home = self._heard(complaint)
        return self._places.sight(complaint, places, names, at_home=at_home)

    def _heard(self, complaint: Complaint) -> tuple[list[int], list[int], bool]:
        _, worth, places, names = self._hearing.of(encode(written_out(complaint)[0]), 0, None)
        return places, names, bool(worth)


def _place(hit: _Hit) -> PlaceFound:
    field, start, end, station, name = hit
    return made(PlaceFound, (station, name, FIELDS[field], start, end))


def _ordered(hits: list[_Hit]) -> list[_Hit]:
    """By field; where a field names several stations, the one that it names most before the others."""
    stations = [(field, station) for field, _, _, station, _ in hits]
    if len(set(stations)) <= 1:
        return hits
    return sorted(hits, key=lambda hit: (hit[0], -stations.count((hit[0], hit[3]))))


def _others(hits: Sequence[_Hit]) -> tuple[PlaceFound, ...]:
    """The first place of each station other than the best one's, in its field."""
    field, _, _, best, _ = hits[0]
    firsts: dict[str, _Hit] = {}
    for hit in hits:
        if hit[0] == field and hit[3] != best:
            firsts.setdefault(hit[3], hit)
    return tuple([_place(hit) for hit in firsts.values()])


def _own_home(text: str, start: int, end: int) -> bool:
    """Tell whether text[start:end] is where the complainant lives and not where the merchant is."""
    before = text[max(0, start - _REACH) : start]
    if not _HOME.search(before):
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
