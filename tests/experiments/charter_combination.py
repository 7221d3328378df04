"""What a charter adds to a model, and a model to a charter, on offices of a later time.

python -m tests.experiments.charter_combination --data haikou12345.csv.gz --column office=office \
    --column domain=office_group --district-column district

The rows are split by time. From the earlier ones alone come the model (an office head, and a domain head for whatever the
domain column holds), the charter (notebooks/derive_charter.py) and the trust in both, which is learnt on out-of-fold
probabilities and with charters of the other folds. The later ones are then asked once: the model alone, the charter alone
(the duty under the domain head's probabilities), and both combined.

Two offices are then one in the labels that a second model learns from, and another has a new name: its charter says so by
successors, nothing is learnt anew for it, and it is asked for the offices of the first.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from features.complaint import Complaint
from features.normalise import Normaliser
from features.segment import Lexicon
from models.calibration import expected_calibration_error
from models.charter.articles import Charter, Office, OfficeKind, Request, Validity
from models.charter.division import Circumstances
from models.charter.places import PlaceFinder, Sighting
from models.charter.reading import read_charter
from models.charter.resolution import Resolver
from models.charter.roster import Roster
from models.charter.route import CharterVersion
from models.charter.trust import Match
from models.decision import Policy
from models.fitted import Head
from notebooks.derive_charter import derive, district_names, to_yaml, whole_texts
from tests.benchmarks.data import ROOT
from training.fitting.fit import Fit, fit, lesson
from training.gate.duplicates import near_duplicate_groups
from training.gate.split import folds, split
from training.measuring.bootstrap import Answers, PairedBootstrap
from training.measuring.evaluate import read_background, read_documents, scored
from training.measuring.intervals import accuracy_interval
from training.measuring.trust import Lessons, learn_trust, lessons, pooled_policy, pooled_probabilities
from training.recipe import Recipe
from training.tables.columns import Role, parse_mapping
from training.tables.dataset import LabelledComplaints, read_labelled

_Rows = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float32]
_Labels = npt.NDArray[np.str_]
FOLDS = 5


@dataclass(frozen=True, eq=False)
class Past:
    """Labelled rows, their near-duplicates, and which of them were first."""

    data: LabelledComplaints
    documents: Any
    groups: _Rows
    train: _Rows
    test: _Rows
    texts: Sequence[str]

    def labels(self, role: Role) -> _Labels:
        """The labels of a role as strings."""
        return np.asarray(self.data.columns[role]).astype(str)


@dataclass(frozen=True, eq=False)
class Model:
    """The heads of a fitted model, its out-of-fold probabilities of some rows, and those of the later rows."""

    heads: tuple[Head, ...]
    rows: _Rows
    out_of_fold: _Floats
    later: _Floats


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), multiple=True, required=True)
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME")
@click.option("--district-column", default="district", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "var" / "charter.json")
def main(data: tuple[Path, ...], columns: tuple[str, ...], district_column: str, output: Path) -> None:
    """Run the experiment; figures go to a file and to the terminal, the charter beside the file."""
    past = read_past(data, columns)
    districts = district_names(past.data.select(past.train), district_column)
    found, charter = run(past, districts)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".yaml").write_text(charter, encoding="utf-8")
    written = json.dumps(
        {"data": [path.name for path in data], "columns": columns, **found}, ensure_ascii=False, indent=1
    )
    output.write_text(written + "\n", encoding="utf-8")
    click.echo(written)


def read_past(files: Sequence[Path], columns: Sequence[str]) -> Past:
    """Read the rows, and split them by time."""
    data = read_labelled(list(files), parse_mapping(columns))
    normalise, recipe = Normaliser(), Recipe()
    texts = np.array([normalise.text_of(text) for text in data.texts], object)
    groups = near_duplicate_groups(texts)
    parts = split(data, texts, groups, recipe)
    if parts.how != "by time":
        raise click.UsageError("the rows cannot be split by time")
    _say(parts.sentence)
    return Past(data, read_documents(data), groups, parts.train, parts.test, whole_texts(data))


def run(past: Past, districts: Sequence[str]) -> tuple[dict[str, Any], str]:
    """The figures, and the derived charter's file."""
    office = past.labels(Role.OFFICE)
    _say("fit the model")
    model = fitted(past, office)
    _say("learn the trust")
    drafts, parts = [], []
    for learnt, held in folds(office[model.rows], past.groups[model.rows], FOLDS, 0):
        drafts.append(_derived(past, model.rows[learnt], districts)[0])
        parts.append(told(past, drafts[-1], model, model.rows[held], model.out_of_fold[held], office))
    weights = learn_trust(parts)
    charter, text = _derived(past, past.train, districts)
    _say("ask for the later rows")
    asked = told(past, charter, model, past.test, model.later, office)
    ways = {"model": alone(Match.MODEL), "charter": alone(Match.DUTY), "both": weights}
    later = {way: pooled_probabilities(asked, each) for way, each in ways.items()}
    policies = {"the head": model.heads[1].policy, "the pool": _policy(past, model, drafts, parts, charter, weights)}
    day = _roster(past, charter, model)
    found = {
        "rows": {"first": len(past.train), "later": len(past.test), "asked": len(asked.truth)},
        "charter": _size(charter),
        "trust": {match.name.lower(): round(weight, 3) for match, weight in zip(Match, weights, strict=True)},
        "out_of_fold": _out_of_fold(parts, ways),
        "later": {way: figures(each, asked.truth) for way, each in later.items()},
        "later_auto": {
            f"thresholds of {whose}": sent(
                by_itself(policy, day, later["both"]),
                later["both"].argmax(axis=1) == asked.truth,
                past.groups[past.test],
            )
            for whose, policy in policies.items()
        },
        "both_less": {way: _gain(past, asked.truth, later["both"], later[way]) for way in ("model", "charter")},
    }
    _say("merge two offices, rename one, and ask again")
    found["reorganised"] = _reorganised(past, charter, asked, later["both"], weights)
    return found, text


def fitted(past: Past, office: _Labels) -> Model:
    """A model of the earlier rows, with `office` as labels of its office head."""
    rows, columns = past.train, {"domain": past.labels(Role.DOMAIN), "office": office}
    lessons_ = []
    for target in ("domain", "office"):
        labels = columns[target][rows]
        names, counts = np.unique(labels, return_counts=True)
        often = np.flatnonzero(np.isin(labels, names[counts >= Recipe().min_class_rows]))
        lessons_.append(lesson(target, labels.astype(object), often, {}))
    found: Fit = fit(
        past.documents[rows], lessons_, past.groups[rows], read_background(), Lexicon.load(), Recipe(), lambda *_: None
    )
    both = np.intersect1d(lessons_[0].rows, lessons_[1].rows)
    sides = [each.probabilities[np.searchsorted(each.lesson.rows, both)] for each in found.out_of_fold]
    later = np.concatenate([scores.probabilities for _, scores in scored(found.model, past.documents[past.test])])
    return Model(found.model.heads, rows[both], np.hstack(sides), later)


def told(past: Past, charter: Charter, model: Model, rows: _Rows, probabilities: _Floats, office: _Labels) -> Lessons:
    """What the roster says of these rows; rows of an office that was not there before count as wrong for every way."""
    finder = PlaceFinder(charter)
    return lessons(
        _roster(past, charter, model),
        probabilities,
        [_reading(finder, past.data.complaint(int(row))) for row in rows],
        office[rows],
    )


def _roster(past: Past, charter: Charter, model: Model) -> Roster:
    return Resolver(charter, CharterVersion(charter.name, "")).roster(_first_day(past), model.heads)


def _policy(
    past: Past,
    model: Model,
    drafts: Sequence[Charter],
    parts: Sequence[Lessons],
    charter: Charter,
    weights: Sequence[float],
) -> Policy:
    """The tiers of combined answers; each part has the offices of its own draft."""
    day = _roster(past, charter, model)
    numbers = {code: number for number, code in enumerate(day.offices)}
    said, right = [], []
    for draft, part in zip(drafts, parts, strict=True):
        known = part.truth >= 0
        places = np.array([numbers[code] for code in _roster(past, draft, model).offices])
        pooled = np.zeros((int(known.sum()), len(numbers)), np.float32)
        pooled[:, places] = pooled_probabilities(part, weights)[known]
        said.append(pooled)
        right.append(places[part.truth[known]])
    return pooled_policy(model.heads[1].policy, day, np.concatenate(said), np.concatenate(right))


def by_itself(policy: Policy, roster: Roster, pooled: _Floats) -> npt.NDArray[np.bool_]:
    """Which combined answers are sent by themselves; pooled: probabilities [rows, offices]."""
    labels = np.array(roster.labels)[pooled.argmax(axis=1)]
    return (labels >= 0) & (pooled.max(axis=1) >= np.array(policy.thresholds)[labels])


def sent(auto: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_], groups: _Rows) -> dict[str, float]:
    """The share that is sent by itself, and how much of that is right, with its 95% interval."""
    low, high = accuracy_interval(right[auto], groups[auto])
    return {"coverage": float(auto.mean()), "precision": float(right[auto].mean()), "low": low, "high": high}


def _reading(finder: PlaceFinder, complaint: Complaint) -> tuple[Sighting, Circumstances]:
    sighting = finder.sight(complaint)
    place = sighting.place.station if sighting.place is not None else None
    # a derived charter has no rules for a kind of request
    return sighting, Circumstances((Request.COMPLAINT,), None, place)


def _derived(past: Past, rows: _Rows, districts: Sequence[str]) -> tuple[Charter, str]:
    office, domain = past.labels(Role.OFFICE)[rows], past.labels(Role.DOMAIN)[rows]
    text = to_yaml(derive([past.texts[row] for row in rows], office, domain, list(districts)))
    return read_charter(text), text


def _reorganised(
    past: Past, charter: Charter, before: Lessons, both: _Floats, weights: Sequence[float]
) -> dict[str, Any]:
    """Two offices of one domain were one in the labels, and a third had another name: the charter alone knows better."""
    office = past.labels(Role.OFFICE)
    one, two, renamed = _chosen(past, charter)
    labels = np.where(np.isin(office, (one, two)), "old-1", np.where(office == renamed, "old-2", office)).astype(str)
    model = fitted(past, labels)
    ended = Validity(until=_first_day(past) - timedelta(days=1))
    reorganised = replace(
        charter,
        offices=(
            *charter.offices,
            Office("old-1", "old-1", OfficeKind.LINE, validity=ended, successors=(one, two)),
            Office("old-2", "old-2", OfficeKind.LINE, validity=ended, successors=(renamed,)),
        ),
    )
    asked = told(past, reorganised, model, past.test, model.later, office)
    after = pooled_probabilities(asked, weights)
    touched = np.isin(office[past.test], (one, two, renamed))
    right = after.argmax(axis=1) == asked.truth
    return {
        "rows_of_the_three": int(touched.sum()),
        "top1_before": figures(both, before.truth)["top1"],
        "top1": figures(after, asked.truth)["top1"],
        "top1_of_the_three_before": float((both.argmax(axis=1) == before.truth)[touched].mean()),
        "top1_of_the_three": float(right[touched].mean()),
        "less": _gain(past, asked.truth, after, both),
    }


def _chosen(past: Past, charter: Charter) -> tuple[str, str, str]:
    """The two largest offices that share a domain and not a district, and the largest that is in no such domain."""
    often = Counter(past.labels(Role.OFFICE)[past.train].tolist())
    by_domain: dict[str, set[str]] = {}
    for rule in charter.responsibilities:
        if rule.places:
            by_domain.setdefault(rule.domains[0], set()).add(rule.lead)
    several = {domain: sorted(each, key=lambda code: -often[code])[:2] for domain, each in by_domain.items()}
    one, two = max((pair for pair in several.values() if len(pair) > 1), key=lambda pair: often[pair[1]])
    placed = set().union(*by_domain.values())
    return one, two, next(code for code, _ in often.most_common() if code not in placed)


def _first_day(past: Past) -> date:
    moment = past.data.received[past.test].min() + np.timedelta64(8, "h")
    return moment.astype("datetime64[D]").item()


def alone(match: Match) -> tuple[float, ...]:
    """The weights with which one match says all."""
    return tuple(float(each is match) for each in Match)


def _out_of_fold(parts: Sequence[Lessons], ways: dict[str, Sequence[float]]) -> dict[str, float]:
    """Accuracy on the earlier rows; trust for each fold is learnt on the others."""
    right: dict[str, list[npt.NDArray[np.bool_]]] = {}
    for number, part in enumerate(parts):
        others = learn_trust([other for place, other in enumerate(parts) if place != number])
        for way, weights in {**ways, "both": others}.items():
            right.setdefault(way, []).append(pooled_probabilities(part, weights).argmax(axis=1) == part.truth)
    return {way: float(np.concatenate(each).mean()) for way, each in right.items()}


def figures(probabilities: _Floats, truth: _Rows) -> dict[str, float]:
    """Top-1, top-3 and expected calibration error of probabilities [rows, offices]; truth: -1 is always wrong."""
    right = probabilities.argmax(axis=1) == truth
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :3]
    return {
        "top1": float(right.mean()),
        "top3": float((best == truth[:, None]).any(axis=1).mean()),
        "ece": expected_calibration_error(probabilities.max(axis=1), right),
    }


def _gain(past: Past, truth: _Rows, one: _Floats, other: _Floats) -> dict[str, float]:
    """Accuracy of one less that of the other, by the paired bootstrap over near-duplicates."""
    said = Answers(
        "office",
        truth.astype(str),
        other.argmax(axis=1).astype(str),
        one.argmax(axis=1).astype(str),
        past.groups[past.test],
    )
    found = PairedBootstrap(said).accuracy()
    return {"change": found.change, "low": found.low, "high": found.high}


def _size(charter: Charter) -> dict[str, int]:
    return {
        "offices": len(charter.offices),
        "rules": len(charter.responsibilities),
        "names": sum(len(territory.names) for territory in charter.territories),
    }


def _say(what: str) -> None:
    click.echo(f"[{datetime.now(UTC):%H:%M:%S}] {what} …", err=True)


if __name__ == "__main__":
    main()
