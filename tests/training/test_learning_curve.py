"""What labels have brought and what more would bring, on answers whose law is known and on the starter set."""

import csv
import json
from itertools import pairwise

import numpy as np
import pytest

import training.curve.measure
from features.normalise import Normaliser
from models.bundle import verify_bundle
from models.registry import Registry
from training.curve.measure import MORE, SHARES, Point, curve_of, learning_curves
from training.curve.picture import learning_curve_picture
from training.curve.report import CurveReport
from training.curve.run import run_learning_curves
from training.gate.errors import RowsTooFew
from training.gate.examine import examine
from training.measuring.figures import Outcome
from training.recipe import Recipe
from training.tables.dataset import read_labelled
from training.tracking import Tracker
from training.written.starter import starter_files

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = [
    pytest.mark.usefixtures("quick_training"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"),
]

SIZES = {"steep": 1500, "flat": 1500, "easy": 1500, "rare": 20}
"""Rows of each class: one that learns, one that does not, one that is known already, one with too few rows."""


def missed(label, rows):
    return {"steep": 2.0 * rows**-0.3, "flat": 0.15, "easy": 0.0, "rare": 0.5}[label]


@pytest.fixture(scope="module")
def curve():
    labels = np.repeat([*SIZES], [*SIZES.values()])
    within = np.concatenate([np.arange(size) / size for size in SIZES.values()])
    points = []
    for share in SHARES:
        learnt = {label: share * size for label, size in SIZES.items()}
        wrong = np.array([at < missed(label, learnt[label]) for at, label in zip(within, labels, strict=True)])
        answer = np.where(wrong, "other", labels)
        said = Outcome(
            labels, answer, np.full(len(labels), 0.5), np.stack([answer] * 3, axis=1), 0.95, np.arange(len(labels))
        )
        points.append(Point(share, share * len(labels), learnt, said))
    return curve_of(points, labels)


def test_the_law_tells_what_more_labels_would_bring(curve):
    n = sum(SIZES.values())
    share = 1500 / n
    expected = share * (missed("steep", 1500) - missed("steep", 1500 * (1 + MORE / n)))
    assert curve.gain.value == pytest.approx(expected, rel=0.25)
    assert curve.gain.low < curve.gain.value < curve.gain.high
    assert curve.later - curve.now == pytest.approx(curve.gain.value)
    assert not curve.far


def test_labels_bring_most_in_the_class_that_still_learns(curve):
    steep, *others = curve.classes
    assert steep.label == "steep"
    expected = 1000 * 1500 / curve.rows * (missed("steep", 1500) - missed("steep", 1600))
    assert steep.gain.value == pytest.approx(expected, rel=0.25)
    assert steep.gain.low > 0
    assert steep.of_more == MORE
    assert curve.placed / 1000 > curve.gain.value
    for other in others:
        assert other.gain.value == pytest.approx(0, abs=0.05)


def test_a_class_that_is_often_missed_is_not_worth_labels_for_that_alone(curve):
    flat = next(each for each in curve.classes if each.label == "flat")
    assert flat.per_thousand == pytest.approx(1000 * 0.15 * 1500 / curve.rows, rel=0.05)
    assert flat.of_more == 0


def test_of_a_class_with_few_rows_nothing_is_said_but_that(curve):
    assert curve.thin == [("rare", 20)]
    assert "rare（20）" in CurveReport(curve).to_text()


@pytest.fixture(scope="module")
def files():
    return starter_files()[:2]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return Registry.under(tmp_path_factory.mktemp("home"), verify_bundle)


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def reports(files, registry, lexicon, steps):
    return run_learning_curves(
        files, {}, Recipe(folds=2), 2, Tracker(registry), lexicon, lambda *step: steps.append(step)
    )


def test_each_share_is_asked_about_the_same_rows_and_learns_from_more(reports, files):
    for target, report in reports.items():
        first, *others = report.curve.points
        rows = [point.rows for point in report.curve.points]
        assert rows == sorted(set(rows))
        labelled = read_labelled(files).labels(target)
        assert report.curve.rows == len(first.outcome.truth) == (labelled != "").sum()
        for other in others:
            assert (other.outcome.truth == first.outcome.truth).all()
            assert (other.outcome.groups == first.outcome.groups).all()
        assert report.shares[-1]["accuracy"] > report.shares[0]["accuracy"]


def test_near_duplicates_are_in_one_share_and_shares_are_nested():
    rows, groups = np.arange(10, 310), np.arange(310) // 2
    parts = training.curve.measure._nested(rows, groups, 0)
    assert [len(part) for part in parts] == [30, 60, 120, 210, 300]
    for smaller, larger in pairwise(parts):
        assert set(smaller) < set(larger)
    assert all(not set(groups[part]) & set(groups[np.setdiff1d(rows, part)]) for part in parts)


def test_the_report_is_a_table_and_json_that_any_reader_takes(reports):
    for report in reports.values():
        told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert [share["share"] for share in told["shares"]] == list(SHARES)
        assert set(told["law"]) == {"a", "b", "c"}
        assert told["gain_low"] <= told["gain_high"]
        assert told["drawn_far"] is True
        shown = report.to_text()
        assert "当作猜测" in shown
        assert "说不出来" in shown
        counted = sum(each["rows"] for each in told["classes"] + told["too_few_rows"])
        assert counted == told["rows"]


def test_the_run_keeps_tables_and_pictures_and_no_version(reports, registry):
    client = registry.store.client
    (run,) = client.search_runs([client.get_experiment_by_name(registry.name).experiment_id])
    assert (run.info.status, run.info.run_name.split()[:2]) == ("FINISHED", ["learning", "curve"])
    assert run.data.tags["mlflow.source.name"] == "paidan evaluate"
    artifacts = registry.store.artifact_root / run.info.run_id / "artifacts"
    for target, report in reports.items():
        assert (artifacts / "pictures" / f"{target}_learning_curve.png").read_bytes().startswith(b"\x89PNG")
        with (artifacts / "tables" / f"{target}_learning_curve.csv").open(encoding="utf-8-sig", newline="") as file:
            assert len(list(csv.DictReader(file))) == len(SHARES)
        assert run.data.metrics[f"{target}/gain"] == pytest.approx(report.curve.gain.value)
        assert f"{target}/at_10_percent/accuracy" in run.data.metrics
    kept = json.loads((artifacts / "learning_curve.json").read_text(encoding="utf-8"))
    assert set(kept) == set(reports)
    assert registry.versions() == []


def test_the_picture_shows_classes_only_where_labels_would_bring_something(reports, curve):
    assert len(learning_curve_picture(CurveReport(curve), "domain").axes) == 2
    for target, report in reports.items():
        shown = any(each.gain.value > 0 for each in report.curve.classes)
        assert len(learning_curve_picture(report, target).axes) == 1 + shown


def test_too_few_rows_are_refused_with_how_many_it_takes(tiny_complaints, tmp_path, lexicon):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "domain", "office"), *tiny_complaints[::2]])
    data = read_labelled([path])
    examined = examine(data, Recipe(), Normaliser().text_of)
    with pytest.raises(RowsTooFew, match="it takes 50"):
        learning_curves(data, examined, Recipe(), 2, lexicon, lambda *_: None)
