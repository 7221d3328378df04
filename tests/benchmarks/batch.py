"""Many complaints: a batch per core in memory, and a file through `paidan predict`."""

import csv
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from features.ngrams import Corpus
from models.batch import score_corpus
from models.fitted import FIELDS
from models.triage import TriageModel
from tests.benchmarks.data import ROOT, Rows
from tests.benchmarks.measure import ratio, spread, took
from tests.benchmarks.services import environment
from tests.benchmarks.world import World


def measure(world: World) -> dict[str, Any]:
    """Seconds of processor time for one batch, both heads: raw text on our side, normalised text on the peer's."""
    rows, model = world.rows.resampled(world.sizes.batch_rows), world.model
    naive, ours, read, score = [], [], [], []
    for _ in range(world.sizes.batch_rounds):
        begun = took(lambda: [model.read(complaint) for complaint in rows.complaints])
        scored = took(lambda: _score(model, begun.result))  # noqa: B023 - called at once
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


def _score(model: TriageModel, readings: list[Any]) -> Any:
    # as TriageModel.score_many does, but on one thread
    text = np.concatenate([reading.codepoints for reading in readings])
    text.flags.writeable = False
    lengths = np.concatenate([np.diff(reading.edges) for reading in readings])
    fields = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    return score_corpus(model._scorer, Corpus(text, fields, len(FIELDS), 0), threads=1)


def _write(rows: Rows, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ticket_id", "title", "text"])
        writer.writerows([number, each.title, each.text] for number, each in enumerate(rows.complaints))
