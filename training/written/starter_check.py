"""What is wrong with a written set of complaints: copies, template smell, labels that contradict each other, thin corners."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.prediction import Target
from training.gate.duplicates import near_duplicate_groups
from training.tables.dataset import LabelledComplaints

GRAM = 10
"""Characters in a row that no two people write by chance, unless they are a name or a formula."""

SMELL = 4
"""Rows that share GRAM characters, from which it smells of a template."""

LENGTHS = ((0, 40), (40, 120), (120, 10_000))
"""Short, middling and long texts: characters from, below."""

CORNER = 5
"""Rows that a corner needs: a domain, office or kind of request at one of LENGTHS."""

_BATCH, _KIND = "batch", "kind"


@dataclass(frozen=True, slots=True)
class Smell:
    """A piece of GRAM characters and the rows that have it, over how many authors' batches."""

    piece: str
    rows: tuple[int, ...]
    batches: int


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Rows that are nearly the same text and have different labels."""

    target: Target
    rows: tuple[int, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corner:
    """A label of a column that has fewer than CORNER rows of a length."""

    column: str
    label: str
    shorter_than: int
    rows: int


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found; rows are numbers of the data. copies: groups of nearly the same text."""

    copies: tuple[tuple[int, ...], ...]
    smells: tuple[Smell, ...]
    contradictions: tuple[Contradiction, ...]
    corners: tuple[Corner, ...]

    def to_text(self) -> str:
        """As lines for a person: numbers of each, then each."""
        copies, smells, contradictions, corners = map(
            len, (self.copies, self.smells, self.contradictions, self.corners)
        )
        lines = [
            f"{copies} near-duplicates, {smells} shared pieces, {contradictions} contradictions, {corners} thin corners"
        ]
        lines += [f"near-duplicates: rows {', '.join(map(str, rows))}" for rows in self.copies]
        lines += [f"shared: {s.piece!r} in {len(s.rows)} rows of {s.batches} batches" for s in self.smells]
        lines += [
            f"contradiction in {c.target}: rows {', '.join(map(str, c.rows))}, {', '.join(c.labels)}"
            for c in self.contradictions
        ]
        lines += [f"thin: {c.column} {c.label} under {c.shorter_than} characters, {c.rows} rows" for c in self.corners]
        return "\n".join(lines)


def check(data: LabelledComplaints, normalise: Callable[[str], str]) -> Findings:
    """Look through a set; normalise: what models see of a text, so that an operator's formulas do not smell."""
    texts = [normalise(str(text)) for text in data.texts]
    groups = near_duplicate_groups(texts)
    copies = [tuple(map(int, np.flatnonzero(groups == group))) for group, rows in Counter(groups).items() if rows > 1]
    return Findings(
        copies=tuple(copies),
        smells=tuple(_smells(texts, [str(each) for each in data.extra.get(_BATCH, [""] * len(data))])),
        contradictions=tuple(
            Contradiction(target, rows, labels)
            for target in data.targets
            for rows in copies
            if len(labels := tuple(sorted(set(data.labels(target)[list(rows)])))) > 1
        ),
        corners=tuple(_corners(data)),
    )


def _smells(texts: Sequence[str], batches: Sequence[str]) -> list[Smell]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row, text in enumerate(texts):
        for piece in {text[start : start + GRAM] for start in range(len(text) - GRAM + 1)}:
            found[piece].append(row)
    smells: list[Smell] = []
    told: set[tuple[int, ...]] = set()
    for piece, rows in sorted(found.items(), key=lambda each: -len(each[1])):
        # the pieces of one long formula are in the same rows: told once
        if len(rows) >= SMELL and tuple(rows) not in told:
            told.add(tuple(rows))
            smells.append(Smell(piece, tuple(rows), len({batches[row] for row in rows})))
    return smells


def _corners(data: LabelledComplaints) -> list[Corner]:
    lengths = np.array([len(str(text)) for text in data.texts])
    columns: dict[str, npt.NDArray[Any]] = {target: data.labels(target) for target in data.targets}
    if _KIND in data.extra:
        columns[_KIND] = np.array([str(kind).split("|")[0] for kind in data.extra[_KIND]], object)
    return [
        Corner(name, label, below, rows)
        for name, values in columns.items()
        for label in sorted(set(values) - {""})
        for least, below in LENGTHS
        if (rows := int(((values == label) & (lengths >= least) & (lengths < below)).sum())) < CORNER
    ]
