"""What the demo charter adds on the starter set: offices by cross-validation, an author's complaints in one part.

python -m tests.experiments.charter_starter

Each part is asked by a model of the others, with the trust that was learnt on their out-of-fold probabilities, and with
the shipped trust, as a model has it that was trained without a charter. What is sent by itself is told for the thresholds
of the office head and for those that were chosen on pooled out-of-fold probabilities.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import numpy.typing as npt

from features.normalise import Normaliser
from features.segment import Lexicon
from models.charter.articles import Charter
from models.charter.demo import demo_charter
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion
from models.charter.trust import SHIPPED, Match
from models.taxonomy import names_of
from tests.benchmarks.data import ROOT
from tests.experiments.charter_combination import alone, by_itself, figures, sent
from training.fitting.fit import Fit, fit
from training.gate.examine import Examined, examine
from training.gate.split import folds
from training.measuring.bootstrap import Answers, PairedBootstrap
from training.measuring.evaluate import lessons_of, read_background, read_documents, scored
from training.measuring.trust import Lessons, learn_trust, lessons, pooled_probabilities, trust_in
from training.recipe import Recipe
from training.tables.dataset import LabelledComplaints, read_labelled
from training.tables.spool import Documents
from training.written.starter import starter_files

_Rows = npt.NDArray[np.int64]
WAYS = ("model", "charter", "shipped trust", "learnt trust")


@click.command()
@click.option("--folds", "n_folds", default=5, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "var" / "charter-starter.json")
def main(n_folds: int, output: Path) -> None:
    """Run the experiment; figures go to a file and to the terminal."""
    text = json.dumps(run(starter_files(), demo_charter(), n_folds), ensure_ascii=False, indent=1)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


def run(files: Sequence[Path], charter: Charter, n_folds: int) -> dict[str, Any]:
    """The figures of each way, and what learnt trust gains."""
    recipe, normalise = Recipe(group_by="batch"), Normaliser()
    data = read_labelled(files)
    examined = examine(data, recipe, normalise.text_of)
    documents = read_documents(data)
    office = data.labels("office").astype(str)
    rows = np.flatnonzero((examined.groups >= 0) & (office != "") & (data.labels("domain") != ""))
    asked: list[_Part] = []
    for number, (learnt, held) in enumerate(folds(office[rows], examined.groups[rows], n_folds, recipe.seed), 1):
        click.echo(f"[{datetime.now(UTC):%H:%M:%S}] part {number}/{n_folds} …", err=True)
        asked.append(_asked(data, examined, documents, charter, rows[learnt], rows[held], recipe))
    truth = np.concatenate([part.told.truth for part in asked])
    said = {way: np.concatenate([pooled_probabilities(part.told, part.ways[way]) for part in asked]) for way in WAYS}
    groups = examined.groups[np.concatenate([part.held for part in asked])]
    best = {way: probabilities.argmax(axis=1).astype(str) for way, probabilities in said.items()}
    gain = {
        way: PairedBootstrap(Answers("office", truth.astype(str), best["model"], best[way], groups)).accuracy()
        for way in WAYS[1:]
    }
    return {
        "rows": len(truth),
        "trust": _named(learn_trust([part.told for part in asked])),
        "ways": {way: figures(probabilities, truth) for way, probabilities in said.items()},
        "auto": {
            f"{way}, thresholds of {whose}": sent(
                np.concatenate([part.sent[way, whose] for part in asked]), said[way].argmax(axis=1) == truth, groups
            )
            for way, whose in asked[0].sent
        },
        "less_model": {way: {"change": d.change, "low": d.low, "high": d.high} for way, d in gain.items()},
    }


class _Part(NamedTuple):
    """What is told of the rows held out, the weights of each way, and what is sent by itself by (way, whose thresholds)."""

    told: Lessons
    ways: Mapping[str, Sequence[float]]
    held: _Rows
    sent: Mapping[tuple[str, str], npt.NDArray[np.bool_]]


def _asked(
    data: LabelledComplaints,
    examined: Examined,
    documents: Documents,
    charter: Charter,
    learnt: _Rows,
    held: _Rows,
    recipe: Recipe,
) -> _Part:
    names = {target: names_of(target, np.unique(data.labels(target)).tolist()) for target in data.targets}
    taught = lessons_of(data, examined, learnt, recipe, names)
    fitted: Fit = fit(
        documents[learnt], taught, examined.groups[learnt], read_background(), Lexicon.load(), recipe, lambda *_: None
    )
    on = datetime.now(UTC).date()
    trust = trust_in(charter, fitted, data, learnt, on)
    assert trust is not None
    resolver = Resolver(charter, CharterVersion(charter.name, ""))
    probabilities = np.concatenate([scores.probabilities for _, scores in scored(fitted.model, documents[held])])
    heads = fitted.model.heads
    domains = next(head.classes for head in heads if head.target == "domain")
    likely = probabilities[:, : len(domains)].argmax(axis=1).tolist()
    readings = [
        resolver.read(data.complaint(row), domains[best]) for row, best in zip(held.tolist(), likely, strict=True)
    ]
    roster = resolver.roster(on, heads)
    told = lessons(
        roster,
        probabilities,
        [reading[:2] for reading in readings],
        data.labels("office")[held].tolist(),
    )
    weights = {
        "model": alone(Match.MODEL),
        "charter": alone(Match.DUTY),
        "shipped trust": SHIPPED,
        "learnt trust": trust.weights,
    }
    assert trust.policy is not None
    own = next(head.policy for head in heads if head.target == "office")
    policies = {"the head": own, "the pool": trust.policy}
    said = {
        (way, whose): by_itself(policy, roster, pooled_probabilities(told, weights[way]))
        for way in ("shipped trust", "learnt trust")
        for whose, policy in policies.items()
        if (way, whose) != ("shipped trust", "the pool")
    }
    return _Part(told, weights, held, said)


def _named(weights: Sequence[float]) -> dict[str, float]:
    return {match.name.lower(): round(weight, 3) for match, weight in zip(Match, weights, strict=True)}


if __name__ == "__main__":
    main()
