"""Measures a charter's urgency expressions on the starter set's own `urgency` column.

python -m training.written.urgency_figures    the demo charter: precision and recall of P0 and P1, by batches of authors

The expressions were written with batches 1 to 11 in view; later batches were labelled by other authors, more sparingly.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterable
from io import StringIO
from typing import NamedTuple

from models.charter.articles import Level
from models.charter.demo import demo_charter
from models.charter.urgency import Urgencies
from training.written.starter import starter_files

IN_VIEW = 11
"""The last batch that was read while the expressions were written."""


class Judged(NamedTuple):
    """One ticket: its batch, the level that its author gave, and the level found."""

    batch: int
    told: Level
    found: Level


def judged(urgencies: Urgencies) -> tuple[Judged, ...]:
    """Judge every ticket of the starter set."""
    rows = (
        row
        for file in starter_files()
        for row in csv.DictReader(StringIO(file.read_text(encoding="utf-8-sig"), newline=""))
    )
    return tuple(
        Judged(
            int(row["batch"]),
            Level(row["urgency"] or Level.P2),
            urgencies.of({"title": row["title"], "text": row["text"]}).level,
        )
        for row in rows
    )


def figures(tickets: Iterable[Judged]) -> str:
    """Compose precision and recall of the levels that are urgent."""
    counted = Counter((ticket.told, ticket.found) for ticket in tickets)
    lines = []
    for level in (Level.P0, Level.P1):
        right = counted[level, level]
        found = sum(count for (_, found), count in counted.items() if found is level)
        told = sum(count for (told, _), count in counted.items() if told is level)
        lines.append(
            f"{level}  precision {right / max(found, 1):.3f} ({right}/{found})"
            f"  recall {right / max(told, 1):.3f} ({right}/{told})"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure the demo charter."""
    tickets = judged(Urgencies(demo_charter()))
    for name, some in (
        ("batches in view", [ticket for ticket in tickets if ticket.batch <= IN_VIEW]),
        ("later batches", [ticket for ticket in tickets if ticket.batch > IN_VIEW]),
    ):
        sys.stdout.write(f"{name}: {len(some)} tickets\n{figures(some)}\n")


if __name__ == "__main__":
    main()
