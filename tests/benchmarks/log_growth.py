"""Does an answer take longer when the case log is long? A service with a filled log beside one with an empty log."""

import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from auditing.log.caselog import CaseLog
from auditing.log.identity import ID_LENGTH, PREFIX
from tests.benchmarks.measure import ratio, spread
from tests.benchmarks.services import load, our_service, write_bodies
from tests.benchmarks.world import World

CONNECTIONS = (1, 16)
_CHUNK = 20_000
_EXAMPLES = 500


def measure(world: World) -> dict[str, Any]:
    """p50 with the long log over p50 with the empty one; the larger of the two ratios is the figure."""
    empty, long = _home(world, "empty-log"), _home(world, "long-log")
    fill(world, long / "caselog.db", world.sizes.log_rows)
    bodies = write_bodies(world.unseen.resampled(2_000), world.work / "bodies.jsonl")
    p50: dict[tuple[str, int], list[float]] = {}
    p99: dict[tuple[str, int], list[float]] = {}
    with our_service(empty, world.work) as short_serving, our_service(long, world.work) as long_serving:
        for number in range(world.sizes.http_rounds):
            for connections in CONNECTIONS:
                for name, serving in (("empty", short_serving), ("long", long_serving)):
                    figures = load(serving, connections, world.sizes.http_seconds, f"{number}{connections:02}", bodies)
                    p50.setdefault((name, connections), []).append(figures["p50_ms"])
                    p99.setdefault((name, connections), []).append(figures["p99_ms"])
    growth = {c: ratio(p50["long", c], p50["empty", c]) for c in CONNECTIONS}
    return {
        "growth": max(growth.values()),
        "growth_by_connections": {str(c): value for c, value in growth.items()},
        "growth_range": {str(c): spread(p50["long", c], p50["empty", c]) for c in CONNECTIONS},
        "growth_of_p99": {str(c): ratio(p99["long", c], p99["empty", c]) for c in CONNECTIONS},
        "p50_ms": {f"{name}, {c} connections": sorted(runs)[len(runs) // 2] for (name, c), runs in p50.items()},
        "rows": world.sizes.log_rows,
        "bytes": (long / "caselog.db").stat().st_size,
    }


def fill(world: World, database: Path, n: int) -> None:
    """Make a log of so many predictions: some are logged as the service does it, the others are copies under own tickets."""
    log = CaseLog.open(f"sqlite:///{database}", database.with_name("digest.key"))
    complaints = [
        replace(complaint, source="12345", ticket_id=f"old-{number}")
        for number, complaint in enumerate(world.unseen.resampled(_EXAMPLES).complaints)
    ]
    log.write([log.entry(complaint, world.model.triage(complaint)) for complaint in complaints])
    log.close()
    with closing(sqlite3.connect(database)) as connection:
        # nobody needs these rows after a crash
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-524288")
        cursor = connection.execute("SELECT * FROM predictions")
        names = [column[0] for column in cursor.description]
        examples = cursor.fetchall()
        own = [names.index(name) for name in ("seq", "prediction_id", "ticket_id")]
        sql = f"INSERT INTO predictions VALUES ({', '.join('?' * len(names))})"
        for first in range(len(examples), n, _CHUNK):
            numbers = range(first, min(first + _CHUNK, n))
            connection.executemany(sql, (_copy(examples[i % len(examples)], own, i) for i in numbers))
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(row: tuple[Any, ...], own: list[int], number: int) -> tuple[Any, ...]:
    values = list(row)
    random = PREFIX + secrets.token_hex((ID_LENGTH - len(PREFIX)) // 2)
    for place, value in zip(own, (number + 1, random, f"old-{number}"), strict=True):
        values[place] = value
    return tuple(values)


def _home(world: World, name: str) -> Path:
    home = world.work / name
    shutil.copytree(world.home / "bundles", home / "bundles")
    return home
