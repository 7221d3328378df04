"""Pictures of counts as SVG text, drawn where they are asked for: no library, no font, no script, no file.

Colours come from the page: `--picture` is the colour of a full cell or a line, text is in `currentColor`, so that a dark
page has dark pictures. Whatever is drawn is also in the text of a `<title>`, for who cannot see it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import NamedTuple

from auditing.figures.misroutes import Confusion

_SIDE, _LABELS = 30, 96
_WIDTH, _HEIGHT, _EDGE = 640, 220, 44
_SCALE = 1.25
"""Pixels of the page to one of the drawing, where there is room."""
_DARK = 0.55
"""Share of a row from which a cell is so dark that its number is written in the page's colour."""


class Point(NamedTuple):
    """A value of one week or day with its interval, 0 to 1; NaN where there is none."""

    name: str
    value: float
    low: float
    high: float


def confusion_svg(
    found: Confusion, link: Callable[[str, str], str], names: Mapping[str, str], title: str, *, shown: int = 20
) -> str:
    """Draw a confusion as a matrix whose cells lead to their cases.

    link: gives the address of the cases of (true, predicted). Rows are what is right; a cell's shade is its share of the
    row. Of more than `shown` labels those with the most misroutes are drawn.
    """
    counts = found.counts
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    order = sorted(sorted(range(len(found.labels)), key=lambda at: (-int(wrong[at]), at))[:shown])
    size = _LABELS + _SIDE * len(order)
    # a group, not one picture: what is inside can be pressed
    parts = [_open(size + 8, size + 8, title, "group")]
    for place, at in enumerate(order):
        middle, name = _LABELS + _SIDE * (place + 0.5), escape(_short(found.labels[at] or "—"))
        full = escape(f"{found.labels[at] or '—'} {names.get(found.labels[at], '')}".strip())
        parts.append(
            f'<text x="{_LABELS - 8}" y="{middle + 4:g}" text-anchor="end">{name}<title>{full}</title></text>'
            f'<text transform="translate({middle + 4:g},{_LABELS - 8}) rotate(-90)">{name}<title>{full}</title></text>'
        )
    for row, true in enumerate(order):
        total = int(counts[true].sum())
        for column, predicted in enumerate(order):
            number = int(counts[true, predicted])
            if number:
                parts.append(
                    _cell(
                        (_LABELS + _SIDE * column, _LABELS + _SIDE * row),
                        number,
                        number / total,
                        (found.labels[true], found.labels[predicted]),
                        link(found.labels[true], found.labels[predicted]),
                    )
                )
    return "".join([*parts, "</svg>"])


def _cell(at: tuple[int, int], number: int, share: float, pair: tuple[str, str], address: str) -> str:
    x, y = at
    said = f"{pair[0]} → {pair[1] or '—'}：{number}（{share:.0%}）"
    colour = "var(--page, #fff)" if share > _DARK else "currentColor"
    return (
        f'<a href="{escape(address)}" aria-label="{escape(said)}">'
        f'<rect x="{x + 1}" y="{y + 1}" width="{_SIDE - 2}" height="{_SIDE - 2}" rx="3" '
        f'fill="var(--picture, #1f5fa8)" fill-opacity="{0.08 + 0.92 * share:.2f}"/>'
        f'<text x="{x + _SIDE / 2:g}" y="{y + _SIDE / 2 + 4:g}" font-size="10" text-anchor="middle" fill="{colour}">{_brief(number)}</text>'
        f"<title>{escape(said)}</title></a>"
    )


def trend_svg(points: Sequence[Point], title: str) -> str:
    """Draw shares over time as a line with the band of their intervals; where there is no value the line is broken."""
    step = (_WIDTH - 2 * _EDGE) / max(len(points) - 1, 1)

    def x(at: int) -> float:
        return _EDGE + at * step

    def y(share: float) -> float:
        return _HEIGHT - _EDGE - share * (_HEIGHT - 2 * _EDGE)

    parts = [_open(_WIDTH, _HEIGHT, title)]
    parts += [
        f'<line x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{y(share):g}" y2="{y(share):g}" stroke="currentColor" '
        f'stroke-opacity="0.15"/><text x="{_EDGE - 6}" y="{y(share) + 4:g}" text-anchor="end">{share:.0%}</text>'
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    for piece in _unbroken(points):
        upper = [f"{x(at):.1f},{y(points[at].high):.1f}" for at in piece]
        lower = [f"{x(at):.1f},{y(points[at].low):.1f}" for at in reversed(piece)]
        line = " ".join(f"{x(at):.1f},{y(points[at].value):.1f}" for at in piece)
        parts.append(
            f'<polygon points="{" ".join(upper + lower)}" fill="var(--picture, #1f5fa8)" fill-opacity="0.18"/>'
            f'<polyline points="{line}" fill="none" stroke="var(--picture, #1f5fa8)" stroke-width="2"/>'
        )
    every = max(1, math.ceil(len(points) / 8))
    for at, point in enumerate(points):
        if not math.isnan(point.value):
            said = escape(f"{point.name}：{point.value:.1%}（{point.low:.1%}–{point.high:.1%}）")
            parts.append(
                f'<circle cx="{x(at):.1f}" cy="{y(point.value):.1f}" r="3.5" fill="var(--picture, #1f5fa8)">'
                f"<title>{said}</title></circle>"
            )
        if at % every == 0:
            name = escape(point.name)
            parts.append(f'<text x="{x(at):.1f}" y="{_HEIGHT - _EDGE + 18}" text-anchor="middle">{name}</text>')
    return "".join([*parts, "</svg>"])


def _unbroken(points: Sequence[Point]) -> list[list[int]]:
    pieces: list[list[int]] = [[]]
    for at, point in enumerate(points):
        if not math.isnan(point.value):
            pieces[-1].append(at)
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]


def _open(width: float, height: float, title: str, role: str = "img") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width * _SCALE:g}" height="{height * _SCALE:g}" role="{role}" class="picture" '
        f'font-size="11" fill="currentColor"><title>{escape(title)}</title>'
    )


def _short(label: str, longest: int = 7) -> str:
    return label if len(label) <= longest else label[: longest - 1] + "…"


def _brief(count: int) -> str:
    return str(count) if count < 10_000 else f"{count // 1000}k"  # noqa: PLR2004  what fits into a cell
