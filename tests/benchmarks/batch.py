"""Many complaints: a batch per core in memory, and a file through `paidan predict`."""

import csv
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.data import ROOT, Rows
from tests.benchmarks.measure import ratio, spread, took
from tests.benchmarks.services import environment
from tests.benchmarks.world import World


def measure(world: World) -> dict[str, Any]:
    """Processor time of one batch, both heads, all cores added up: raw text on our side, normalised text on the peer's."""
    rows, model = world.rows.resampled(world.sizes.batch_rows), world.model
    naive, ours, read, score = [], [], [], []
    for _ in range(world.sizes.batch_rounds):
        begun = took(lambda: [model.read(complaint) for complaint in rows.complaints])
        scored = took(lambda: model.score_many(begun.result))  # noqa: B023 - called at once
        peer = took(lambda: [pipeline.predict_proba(rows.documents) for pipeline in world.naive])
        naive.append(peer.cpu)
        ours.append(begun.cpu + scored.cpu)
        read.append(begun.cpu)
        score.append(scored.cpu)
    difference = np.abs(scored.result.probabilities - np.hstack(peer.result)).max()
    return {
        "ratio": ratio(naive, ours),
        "ratio_range": spread(naive, ours),
        "ratio_without_normalising": ratio(naive, score),
        "microseconds_per_row": {
            side: float(np.median(values)) / len(rows) * 1e6
            for side, values in (("naive", naive), ("ours", ours), ("read", read), ("score", score))
        },
        "largest_difference": float(difference),
        "rows": rows.name,
    }


def bulk(world: World) -> dict[str, Any]:
    """Rows per second of the command, all cores: what many rows take longer than few, so that its start does not count."""
    few, many = world.sizes.bulk_rows
    source, env = world.work / "complaints.csv", environment(home=world.home)
    command = [sys.executable, "-m", "paidan", "predict", str(source), "-o", str(world.work / "answers.parquet")]
    seconds: dict[int, float] = {}
    # the first time to fill caches
    for n in (few, few, many):
        _write(world.rows.resampled(n), source)
        began = time.perf_counter()
        subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True)
        seconds[n] = time.perf_counter() - began
    return {
        "rows_per_second": (many - few) / (seconds[many] - seconds[few]),
        "seconds": {f"{n:,} rows": value for n, value in seconds.items()},
        "rows": world.rows.resampled(many).name,
    }


def _write(rows: Rows, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ticket_id", "title", "text"])
        writer.writerows([number, each.title, each.text] for number, each in enumerate(rows.complaints))
