"""What a charter adds to one answer: the model's offices and the charter's combined, routed, with urgency and due times."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np

from models.charter.articles import Charter, Office, OfficeKind, PlaceName, Responsibility, Territory
from models.charter.demo import demo_charter
from models.charter.places import PlaceFinder
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion
from tests.benchmarks.data import Rows
from tests.benchmarks.measure import each, quantiles
from tests.benchmarks.world import World

PLACES = 2_000
_STATIONS = 20
_LENGTHS = (3, 4, 5)


def measure(world: World) -> dict[str, Any]:
    """Microseconds of `Resolver.resolve` by itself, of the look-up of places in it, and of the answer that it is added to."""
    model, sizes = world.model, world.sizes
    rows = world.unseen.resampled(sizes.single_rounds * sizes.single_block)
    charter = charter_of(world.train, PLACES, model.heads)
    resolver, finder, when = (
        Resolver(charter, CharterVersion("bench", "1")),
        PlaceFinder(charter),
        datetime(2026, 5, 6, 3, tzinfo=UTC),
    )
    sides: dict[str, list[float]] = {"triage": [], "resolution": [], "places": []}
    for begin in range(0, len(rows), sizes.single_block):
        block = rows.complaints[begin : begin + sizes.single_block]
        answers = [model.triage_and_scores(one, with_evidence=False) for one in block]
        # the day's tables are made once
        resolver.resolve(*answers[0], block[0], when)
        sides["triage"] += each([partial(model.triage, one, with_evidence=False) for one in block])
        sides["resolution"] += each(
            [partial(resolver.resolve, *answer, one, when) for answer, one in zip(answers, block, strict=True)]
        )
        sides["places"] += each([partial(finder.sight, one) for one in block])
    found = [bool(finder.find(one)) for one in rows.complaints]
    return {
        "microseconds": {side: quantiles(np.array(values)) for side, values in sides.items()},
        "place_names": sum(len(territory.names) for territory in charter.territories),
        "offices": len(charter.offices),
        "share_with_a_place": float(np.mean(found)),
        "rows": rows.name,
    }


def charter_of(rows: Rows, places: int, heads: Any) -> Charter:
    """The demo bureau's clocks, urgency, conditions and departments, with the model's domains and offices.

    The place names are pieces of the rows' own texts, so that some texts name some.
    """
    classes = {head.target: head.classes for head in heads}
    offices = [Office(label, label, OfficeKind.LINE) for label in classes["office"]]
    stations = [Office(f"station {number}", f"station {number}", OfficeKind.STATION) for number in range(_STATIONS)]
    rules = [
        Responsibility(f"R{number}", (domain,), lead=classes["office"][number % len(offices)])
        for number, domain in enumerate(classes["domain"])
    ]
    draw, names = np.random.default_rng(0), dict[str, None]()
    while len(names) < places:
        text = rows.complaints[int(draw.integers(len(rows)))].text
        length, start = int(draw.choice(_LENGTHS)), int(draw.integers(max(1, len(text))))
        if len(piece := text[start : start + length]) == length and piece.isalpha():
            names[piece] = None
    written = list(names)
    territories = [
        Territory(station.code, tuple(map(PlaceName, written[number::_STATIONS])))
        for number, station in enumerate(stations)
    ]
    demo = demo_charter()
    return Charter(
        "benchmark",
        "",
        tuple((domain, domain) for domain in classes["domain"]),
        (*offices, *stations),
        tuple(rules),
        tuple(territories),
        demo.locality,
        demo.conditions,
        demo.departments,
        demo.urgency,
        demo.clocks,
    )
