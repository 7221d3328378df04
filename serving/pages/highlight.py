"""Evidence where it stands: a text cut into pieces, each with what it speaks for."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple


class Piece(NamedTuple):
    """A piece of a text, with the strongest weight of domain's and of office's evidence there; 0 where there is none."""

    text: str
    domain: float
    office: float


def pieces(text: str, field: str, evidence: Iterable[dict[str, Any]]) -> list[Piece]:
    """Cut `text`, the stored `field`, at the ends of its evidence.

    evidence: as an answer has it. Offsets count characters of the stored text; what lies beyond its end is cut off.
    """
    spans = [
        (each["target"], max(0, each["start"]), min(len(text), each["end"]), each["weight"])
        for each in evidence
        if each["field"] == field
    ]
    edges = sorted({0, len(text), *(edge for _, start, end, _ in spans if start < end for edge in (start, end))})
    return [
        Piece(text[start:end], _strongest("domain", start, end, spans), _strongest("office", start, end, spans))
        for start, end in pairwise(edges)
    ]


def _strongest(target: str, start: int, end: int, spans: Iterable[tuple[str, int, int, float]]) -> float:
    return max((w for name, a, b, w in spans if name == target and a <= start and end <= b), key=abs, default=0.0)
