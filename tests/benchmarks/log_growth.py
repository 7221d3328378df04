"""Does an answer take longer when the case log is long? A service with a filled log beside one with an empty log."""

import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite

from auditing.caselog import CaseLog
from auditing.identity import ID_LENGTH, PREFIX
from auditing.schema import predictions
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
    """Put so many predictions into a log, as large as real ones, each under a ticket of its own."""
    log = CaseLog.open(f"sqlite:///{database}", database.with_name("digest.key"))
    entries = [
        log.entry(complaint, world.model.triage(complaint)).row(1)
        for complaint in world.unseen.resampled(_EXAMPLES).complaints
    ]
    log.close()
    columns = [column for column in predictions.columns if column.name != "seq"]
    dialect = sqlite.dialect()
    convert = {column.name: column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns}
    for entry in entries:
        entry |= {name: process(entry[name]) for name, process in convert.items() if process and name != "created_at"}
    places = ", ".join("?" * len(columns))
    sql = f"INSERT INTO predictions ({', '.join(column.name for column in columns)}) VALUES ({places})"
    began, to_text = datetime.now(UTC) - timedelta(days=365), convert["created_at"]

    def rows(first: int, last: int) -> Iterator[tuple[Any, ...]]:
        for number in range(first, last):
            entry = entries[number % len(entries)]
            own = {
                "prediction_id": PREFIX + secrets.token_hex((ID_LENGTH - len(PREFIX)) // 2),
                "ticket_id": f"old-{number}",
                "created_at": to_text(began + timedelta(seconds=number)) if to_text else None,
            }
            yield tuple(own.get(column.name, entry[column.name]) for column in columns)

    with sqlite3.connect(database) as connection:
        # nobody needs these rows after a crash
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-524288")
        for first in range(0, n, _CHUNK):
            connection.executemany(sql, rows(first, min(first + _CHUNK, n)))
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _home(world: World, name: str) -> Path:
    home = world.work / name
    shutil.copytree(world.home / "bundles", home / "bundles")
    return home
