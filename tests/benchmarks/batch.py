"""Many complaints: a batch per core in memory, and a file through `paidan predict`."""

import csv
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from features.vectorise import corpus
from models.batch import score_corpus
from models.bundle import read_bundle
from models.fitted import FIELDS
from tests.benchmarks.data import ROOT, Rows
from tests.benchmarks.measure import ratio, spread, took
from tests.benchmarks.services import environment
from tests.benchmarks.world import World


def measure(world: World) -> dict[str, Any]:
    """Processor time of one batch, both heads.

    `ratio`: both sides on one core, from the same normalised texts to probabilities. `ratio_from_raw_text`: our side on all
    cores, added up, and it normalises besides, which the peer does not.
    """
    rows, model, scorer = (
        world.rows.resampled(world.sizes.batch_rows),
        world.model,
        read_bundle(world.bundle).model.scorer(),
    )
    sides: dict[str, list[float]] = {"naive": [], "ours": [], "ours_from_raw_text": []}
    for _ in range(world.sizes.batch_rounds):
        scored = took(lambda: score_corpus(scorer, corpus(rows.documents, len(FIELDS)), 1))
        raw = took(lambda: model.score_many(rows.complaints))
        peer = took(lambda: [pipeline.predict_proba(rows.documents) for pipeline in world.naive])
        for side, run in (("naive", peer), ("ours", scored), ("ours_from_raw_text", raw)):
            sides[side].append(run.cpu)
    difference = np.abs(raw.result.probabilities - np.hstack(peer.result)).max()
    return {
        "ratio": ratio(sides["naive"], sides["ours"]),
        "ratio_range": spread(sides["naive"], sides["ours"]),
        "ratio_from_raw_text": ratio(sides["naive"], sides["ours_from_raw_text"]),
        "microseconds_per_row": {side: float(np.median(values)) / len(rows) * 1e6 for side, values in sides.items()},
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
