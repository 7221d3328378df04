"""The responsibility matrix of a charter, domain by office: as values for a table, and as a picture."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from html import escape
from typing import NamedTuple

from models.charter.articles import STATION, Charter, Responsibility

_SIDE, _LEFT, _TOP = 26, 168, 128
_SCALE = 1.25
_LONGEST = 9


class Part(StrEnum):
    """What an office does in a domain. sometimes: it leads for some kinds, conditions or places only."""

    LEAD = "lead"
    SOMETIMES = "sometimes"
    ASSISTS = "assists"


class Cell(NamedTuple):
    """An office's part in a domain, by which rules."""

    part: Part
    rules: tuple[str, ...]


class Matrix(NamedTuple):
    """domains and offices: code and name, in the charter's order; STATION stands for the station of the place.

    cells: by (domain, office); where an office has no part there is none.
    """

    domains: tuple[tuple[str, str], ...]
    offices: tuple[tuple[str, str], ...]
    cells: Mapping[tuple[str, str], Cell]


def matrix_of(charter: Charter, on: date, station: str) -> Matrix:
    """Give the matrix of the day `on`; offices without a part are left out. station: what STATION is called."""
    cells: dict[tuple[str, str], Cell] = {}
    for rule in charter.responsibilities:
        if not rule.validity.holds(on):
            continue
        for domain in rule.domains:
            for office, part in _parts(rule):
                _add(cells, (domain, office), part, rule.code)
    involved = {office for _, office in cells}
    named = [(STATION, station), *((office.code, office.name) for office in charter.offices)]
    return Matrix(charter.domains, tuple(each for each in named if each[0] in involved), cells)


def matrix_svg(matrix: Matrix, words: Mapping[Part, str], title: str) -> str:
    """Draw it: a full square leads, an empty one leads sometimes, a dot assists. words: what the parts are called."""
    width = _LEFT + _SIDE * len(matrix.offices) + 8
    height = _TOP + _SIDE * len(matrix.domains) + 8
    drawn = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width * _SCALE:g}" '
            f'height="{height * _SCALE:g}" role="img" class="picture matrix" font-size="11" fill="currentColor">'
            f"<title>{escape(title)}</title>"
        )
    ]
    for column, (code, name) in enumerate(matrix.offices):
        x = _LEFT + _SIDE * (column + 0.5)
        shown = escape(_short(name if code == STATION else f"{code} {name}"))
        drawn.append(
            f'<line x1="{x:g}" x2="{x:g}" y1="{_TOP}" y2="{height - 8}" stroke="currentColor" stroke-opacity="0.1"/>'
            f'<text transform="translate({x + 4:g},{_TOP - 8}) rotate(-90)">{shown}<title>{escape(name)}</title></text>'
        )
    for row, (domain, name) in enumerate(matrix.domains):
        y = _TOP + _SIDE * (row + 0.5)
        shown = escape(_short(f"{domain} {name}", _LONGEST + 4))
        drawn.append(
            f'<line x1="{_LEFT}" x2="{width - 8}" y1="{y:g}" y2="{y:g}" stroke="currentColor" stroke-opacity="0.1"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:g}" text-anchor="end">{shown}<title>{escape(name)}</title></text>'
        )
        for column, (office, called) in enumerate(matrix.offices):
            cell = matrix.cells.get((domain, office))
            if cell is not None:
                said = f"{domain} {name}，{called}：{words[cell.part]} {'、'.join(cell.rules)}"
                drawn.append(_mark(_LEFT + _SIDE * (column + 0.5), y, cell.part, said))
    return "".join([*drawn, "</svg>"])


def _parts(rule: Responsibility) -> Sequence[tuple[str, Part]]:
    whole = not (rule.kinds or rule.condition or rule.places)
    found = [(rule.lead, Part.LEAD if whole else Part.SOMETIMES)]
    if rule.without_place is not None:
        found.append((rule.without_place, Part.SOMETIMES))
    return [*found, *((office, Part.ASSISTS) for office in rule.assisting)]


def _add(cells: dict[tuple[str, str], Cell], at: tuple[str, str], part: Part, rule: str) -> None:
    known = cells.get(at)
    if known is None:
        cells[at] = Cell(part, (rule,))
        return
    # the weightiest part is shown, every rule is told
    first = min(known.part, part, key=list(Part).index)
    cells[at] = Cell(first, known.rules if rule in known.rules else (*known.rules, rule))


def _mark(x: float, y: float, part: Part, said: str) -> str:
    colour, half = "var(--picture, #1f5fa8)", _SIDE / 2 - 4
    match part:
        case Part.LEAD:
            shape = f'<rect x="{x - half:g}" y="{y - half:g}" width="{2 * half:g}" height="{2 * half:g}" rx="3" fill="{colour}">'
            end = "</rect>"
        case Part.SOMETIMES:
            shape = (
                f'<rect x="{x - half + 1:g}" y="{y - half + 1:g}" width="{2 * half - 2:g}" height="{2 * half - 2:g}" rx="3" '
                f'fill="{colour}" fill-opacity="0.15" stroke="{colour}" stroke-width="2">'
            )
            end = "</rect>"
        case _:
            shape, end = f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="{colour}">', "</circle>"
    return f"{shape}<title>{escape(said)}</title>{end}"


def _short(text: str, longest: int = _LONGEST + 2) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
