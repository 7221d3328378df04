"""Names of places that mean two territories or too much, and stations that no name leads to."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from models.charter.articles import Charter, PlaceName, Territory
from models.charter.checks.days import days_of_change
from models.charter.division import Division
from models.charter.finding import Finding, error, warning
from models.charter.route import Sentence

SHORT = 2
"""Characters of a name that is too short to be sure by itself."""

COMMON = re.compile(
    "(人民|中山|解放|建设|和平|新华|文化|胜利|北京|南京|上海|长江|黄河|幸福|朝阳|红旗|团结|光明|迎宾)[东西南北中]?(路|街|大道|大街)"
    "|(高新|经开|开发|城关|新)区|(经济|经济技术|高新技术)开发区|(工业|软件|科技|创业|产业)园区?|城关镇|步行街|中心街"
    "|(火车|汽车|高铁)站|(万达|吾悦)(广场)?|大润发|(人民|中心|中医)医院|第?[一二三四五六]中学?|实验(小|中)学|(菜|农贸|批发)市场"
)
"""Names that many cities have."""


class _Named(NamedTuple):
    station: str
    place: PlaceName


def place_findings(charter: Charter, on: date) -> Iterator[Finding]:
    """Find colliding, contained, ambiguous and pointless names, and territories that lead to no one station."""
    named: dict[str, _Named] = {}
    for territory in charter.territories:
        for place in territory.names:
            for name in dict.fromkeys((place.name, *place.aliases)):
                other = named.setdefault(name, _Named(territory.station, place))
                if other.place is not place:
                    yield _collision(name, place, territory.station, other)
    for name, (station, place) in named.items():
        yield from _contained(name, station, place, named)
    for territory in charter.territories:
        for place in territory.names:
            yield from _alone(place, charter)
    yield from _stations(charter, on)


def _collision(name: str, place: PlaceName, station: str, other: _Named) -> Finding:
    if station == other.station:
        return warning(
            "name_twice",
            place.line,
            Sentence(
                f"“{name}”在第 {other.place.line} 行已写过", f"{name!r} stands in line {other.place.line} already"
            ),
            Sentence("只留一处", "Keep one of them"),
        )
    return error(
        "name_collides",
        place.line,
        Sentence(
            f"“{name}”既属 {station}，又属 {other.station}（第 {other.place.line} 行）",
            f"{name!r} is in {station} and in {other.station} (line {other.place.line})",
        ),
        Sentence(
            "只留一处，或各写更长的名字（如加门牌段、小区名）",
            "Keep one, or write longer names in both (a house range, an estate)",
        ),
    )


def _contained(name: str, station: str, place: PlaceName, named: Mapping[str, _Named]) -> Iterator[Finding]:
    """Find shorter names of other stations within `name`: the longest counts, so a shortened mention goes elsewhere."""
    parts = {name[i:j] for i in range(len(name)) for j in range(i + 1, len(name) + 1)} - {name}
    for part in sorted(parts & named.keys()):
        other = named[part]
        if other.station != station and name not in other.place.excluded:
            yield warning(
                "name_contained",
                place.line,
                Sentence(
                    f"“{name}”（{station}）里含有“{part}”（{other.station}，第 {other.place.line} 行），简称会派错",
                    f"{name!r} ({station}) contains {part!r} ({other.station}, line {other.place.line})",
                ),
                Sentence(
                    f"确认无误后，在“{part}”的 excluded 里写上“{name}”",
                    f"Where that is right, write {name!r} in excluded of {part!r}",
                ),
            )


def _alone(place: PlaceName, charter: Charter) -> Iterator[Finding]:
    for name in (place.name, *place.aliases):
        if not place.second_sign and (len(name) <= SHORT or COMMON.fullmatch(name)):
            yield warning(
                "name_ambiguous",
                place.line,
                Sentence(f"“{name}”太短或外地也常见", f"{name!r} is too short, or common elsewhere"),
                Sentence("加 second_sign: true，或写全称", "Add second_sign: true, or write the full name"),
            )
    if place.second_sign and not charter.locality:
        yield warning(
            "no_locality",
            place.line,
            Sentence(
                f"“{place.name}”要旁证，但没有写 locality", f"{place.name!r} wants a second sign, and locality is empty"
            ),
            Sentence("在 locality 写本市、本区的名字", "Name your city and district in locality"),
        )
    for longer in place.excluded:
        if not any(name in longer for name in (place.name, *place.aliases)):
            yield warning(
                "exclusion_pointless",
                place.line,
                Sentence(
                    f"“{longer}”里没有“{place.name}”，排除不起作用", f"{longer!r} does not contain {place.name!r}"
                ),
                Sentence("写包含它的更长的名字，或删去", "Write a longer name that contains it, or delete it"),
            )


def _stations(charter: Charter, on: date) -> Iterator[Finding]:
    told: set[tuple[str, str]] = set()
    for day in days_of_change(charter, on):
        division = Division(charter, day)
        reached = {code for territory in charter.territories for code in division.today(territory.station)}
        for territory in charter.territories:
            codes = division.today(territory.station)
            if division.office(territory.station) and len(codes) != 1 and ("territory", territory.station) not in told:
                told.add(("territory", territory.station))
                yield _homeless(territory, codes, day)
        for code in division.stations:
            office = division.office(code)
            if office and code not in reached and ("station", code) not in told:
                told.add(("station", code))
                yield warning(
                    "no_territory",
                    office.line,
                    Sentence(f"{code} {office.name} 没有写辖区", f"{code} has no territory"),
                    Sentence("在 territories 里写它的街道、社区", "Name its streets and communities in territories"),
                )


def _homeless(territory: Territory, codes: tuple[str, ...], day: date) -> Finding:
    into_zh, into_en = (
        (f"已拆分为 {'、'.join(codes)}", f"is split into {', '.join(codes)}") if codes else ("已撤销", "is gone")
    )
    return error(
        "territory_undecided",
        territory.line,
        Sentence(
            f"{territory.station} 在 {day} {into_zh}，它的地名不知归谁",
            f"{territory.station} {into_en} on {day}: whose are its names?",
        ),
        Sentence(
            "把地名移到承接的所名下；承接单位成立以前，它们仍算原来的所",
            "Move the names to the successors; until those are there, they count for the station before them",
        ),
    )
