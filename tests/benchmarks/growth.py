"""How cost grows: with rows, with offices; and the most memory that training half a million rows takes."""

import csv
import json
import subprocess
import sys
from typing import Any

import numpy as np

from models.bundle import write_bundle
from models.prediction import ModelVersion
from models.triage import TriageModel
from tests.benchmarks.data import ROOT
from tests.benchmarks.learn import learn
from tests.benchmarks.measure import each, took
from tests.benchmarks.services import environment
from tests.benchmarks.world import World

_MIB = 1e6


def rows(world: World) -> dict[str, Any]:
    """Seconds and peak memory of training both heads on resampled rows, each in a process of its own."""
    return {"by_rows": {str(n): _train(world, n) for n in world.sizes.growth_rows}}


def memory(world: World) -> dict[str, Any]:
    """The same for half a million."""
    return _train(world, world.sizes.memory_rows)


def command(world: World) -> dict[str, Any]:
    """`paidan train` as a whole on so many rows: gate, hold-out, both fits, registry. Not part of a plain run: it is long."""
    n = world.sizes.memory_rows
    source = world.work / "labelled.csv"
    few = world.rows.resampled(n)
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "text", "domain", "office"])
        writer.writerows(
            [complaint.title, complaint.text, domain, office]
            for complaint, domain, office in zip(few.complaints, few.domain, few.office, strict=True)
        )
    return _big("command", str(source), home=world.work / "train-home") | {"rows": few.name}


def offices(world: World) -> dict[str, Any]:
    """Size of the bundle, seconds of training and microseconds of an answer, by the number of offices."""
    found = {}
    groups = world.rows.groups[world.rows.parts[0]]
    for n in world.sizes.offices:
        taught = world.train.with_offices(n)
        fitted = took(lambda: learn(taught, world.lexicon, groups=groups))  # noqa: B023 - called at once
        directory = world.work / f"bundle-{n}"
        write_bundle(fitted.result.model, directory, {})
        model = TriageModel.load(directory, ModelVersion("complaint-triage", "1"))
        model.warm()
        complaints = world.unseen.resampled(500).complaints
        calls = [lambda complaint=complaint: model.triage(complaint, with_evidence=False) for complaint in complaints]  # noqa: B023
        found[str(n)] = {
            "mb": sum(file.stat().st_size for file in directory.iterdir()) / _MIB,
            "seconds": fitted.wall,
            "microseconds": float(np.median(each(calls))),
        }
    return {"by_offices": found}


def _train(world: World, n: int) -> dict[str, Any]:
    return _big("fit", str(n), str(world.sizes.learnt_rows))


def _big(*arguments: str, **settings: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.big", *arguments],
        cwd=ROOT, env=environment(**settings), capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
