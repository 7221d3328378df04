"""One complaint, both heads: from raw text to the answer, against two scikit-learn pipelines on normalised text."""

from functools import partial
from typing import Any

import numpy as np

from features.complaint import Complaint
from models.triage import TriageModel
from tests.benchmarks.data import Documents
from tests.benchmarks.measure import each, quantiles, ratio, spread
from tests.benchmarks.world import World


def measure(world: World) -> dict[str, Any]:
    """p50 of rows that the model has not learnt from; our side normalises and may explain, the peer does neither."""
    sizes, model = world.sizes, world.model
    rows = world.unseen.resampled(sizes.single_rounds * sizes.single_block)
    sides: dict[str, list[list[float]]] = {"naive": [], "triage": [], "explained": [], "read": [], "score": []}
    for begin in range(0, len(rows), sizes.single_block):
        block = range(begin, begin + sizes.single_block)
        complaints = [rows.complaints[i] for i in block]
        readings = [model.read(complaint) for complaint in complaints]
        sides["naive"].append(each([partial(_ask, world, [rows.documents[i]]) for i in block]))
        sides["explained"].append(each([partial(model.triage, complaint) for complaint in complaints]))
        sides["triage"].append(each([partial(model.triage, one, with_evidence=False) for one in complaints]))
        sides["read"].append(each([partial(model.read, complaint) for complaint in complaints]))
        sides["score"].append(each([partial(model.scores, one, with_evidence=False) for one in readings]))
    medians = {side: [float(np.median(block)) for block in blocks] for side, blocks in sides.items()}
    return {
        "ratio": ratio(medians["naive"], medians["triage"]),
        "ratio_range": spread(medians["naive"], medians["triage"]),
        "ratio_with_evidence": ratio(medians["naive"], medians["explained"]),
        "evidence_cost": ratio(medians["explained"], medians["triage"]),
        "microseconds": {side: quantiles(np.concatenate(blocks)) for side, blocks in sides.items()},
        "largest_difference": _difference(world, rows.documents[:200], rows.complaints[:200], model),
        "characters_p50": float(np.median([len(complaint.text) for complaint in rows.complaints])),
        "rows": rows.name,
    }


def lengths(world: World) -> dict[str, Any]:
    """How the cost of one complaint grows with its text: microseconds, and the ratio to the peer."""
    found = {}
    for length in world.sizes.lengths:
        n = max(3, min(40, 60_000 // length))
        complaints = [Complaint(text=world.unseen.text_of(length, seed)) for seed in range(n)]
        documents = [_normalised(world.model, complaint) for complaint in complaints]
        naive = each([partial(_ask, world, [document]) for document in documents[: max(3, n // 4)]])
        triage = each([partial(world.model.triage, complaint, with_evidence=False) for complaint in complaints])
        explained = each([partial(world.model.triage, complaint) for complaint in complaints])
        p50 = {"naive": np.median(naive), "triage": np.median(triage), "explained": np.median(explained)}
        found[str(length)] = p50 | {"ratio": p50["naive"] / p50["triage"]}
    return {"microseconds": found}


def _ask(world: World, documents: Documents) -> list[Any]:
    return [pipeline.predict_proba(documents) for pipeline in world.naive]


def _normalised(model: TriageModel, complaint: Complaint) -> tuple[str, ...]:
    return tuple(field.text for field in model.read(complaint).fields)


def _difference(world: World, documents: Documents, complaints: list[Complaint], model: TriageModel) -> float:
    """The largest difference of a probability: both sides answer alike, or the ratio would say nothing."""
    ours = model.score_many(complaints).probabilities
    return float(np.abs(ours - np.hstack(_ask(world, documents))).max())
