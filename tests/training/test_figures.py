"""The figures of a head, counted again by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, top_k_accuracy_score

from models.decision import Coverage, Sets
from training.measuring.figures import SWEEP_STEPS, Outcome, f1_of_classes, outcome, together

CLASSES = ("价格", "广告", "食品", "预付")


def scored(seed=0, n=200):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, n)
    probabilities = random.dirichlet(np.ones(4), n)
    probabilities[np.arange(n), codes] += random.uniform(0, 1, n)
    return (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32), codes


@given(
    # scikit-learn refuses rows none of which counts
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)), min_size=1).filter(
        lambda rows: any(often for *_, often in rows)
    ),
    weighted=st.booleans(),
)
def test_f1_of_each_class_is_scikit_learns_also_of_rows_that_count_several_times_and_classes_that_do_not_occur(
    rows, weighted
):
    truth, answer, weights = np.array(rows, np.int64).T
    often = weights.astype(float) if weighted else None
    theirs = f1_score(truth, answer, labels=range(5), average=None, sample_weight=often, zero_division=float("nan"))
    np.testing.assert_allclose(f1_of_classes(truth, answer, 5, often), theirs, rtol=1e-12)


def test_the_headline_is_what_scikit_learn_counts():
    probabilities, codes = scored()
    truth = np.array(CLASSES, object)[codes]
    headline = outcome(probabilities, CLASSES, truth, 0.9).headline()
    best = probabilities.argmax(axis=1)
    assert headline["accuracy"] == pytest.approx((best == codes).mean())
    assert headline["macro_f1"] == pytest.approx(f1_score(codes, best, average="macro"))
    assert headline["top3"] == pytest.approx(top_k_accuracy_score(codes, probabilities, k=3))
    assert headline["rows"] == 200


def test_thin_classes_stay_out_of_the_macro_f1_of_thick_ones():
    labels = ["甲"] * 20 + ["乙"] * 12 + ["丙"] * 2
    truth, answer = np.array(labels), np.array(["甲"] * 22 + ["乙"] * 10 + ["甲"] * 2)
    said = Outcome(truth, answer, np.full(34, 0.5), np.repeat(answer[:, None], 3, axis=1), 0.9)
    expected = f1_score(truth, answer, labels=["甲", "乙"], average="macro")
    assert said.headline()["macro_f1_thick"] == pytest.approx(expected)
    few = Outcome(truth[-3:], answer[-3:], np.full(3, 0.5), np.repeat(answer[-3:, None], 3, axis=1), 0.9)
    assert "macro_f1_thick" not in few.headline()


@given(st.lists(st.tuples(st.sampled_from([0.3, 0.6, 0.9]), st.booleans()), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_coverage_at_the_target_keeps_the_target(rows):
    truth = np.array(["对" if right else "错" for _, right in rows])
    answers = np.full(len(rows), "对")
    said = Outcome(truth, answers, np.array([c for c, _ in rows]), np.full((len(rows), 3), "对"), 0.75)
    covered = round(said.headline()["coverage_at_target"] * len(rows))
    order = np.argsort(-said.confidence, kind="stable")[:covered]
    assert not covered or said.correct[order].mean() >= 0.75


def test_no_rows_have_no_figures():
    headline = outcome(np.empty((0, 4)), CLASSES, np.array([], object), 0.9).headline()
    assert headline.pop("rows") == 0
    assert np.isnan(list(headline.values())).all()


def test_a_head_of_two_classes_has_two_best():
    said = outcome(np.array([[0.2, 0.8], [0.5, 0.5]]), ("甲", "乙"), np.array(["甲", "甲"], object), 0.9)
    assert said.top.tolist() == [["乙", "甲", ""], ["甲", "乙", ""]]
    assert said.answer.tolist() == ["乙", "甲"]
    assert said.headline()["top3"] == 1


def test_a_truth_that_is_no_class_counts_as_wrong_and_an_empty_place_is_no_answer():
    said = outcome(np.array([[0.2, 0.8]]), ("甲", "乙"), np.array(["丙"], object), 0.9)
    assert said.headline()["accuracy"] == 0
    assert said.headline()["top3"] == 0
    assert [figures.label for figures in said.by_class()] == ["丙"]
    counts, labels = said.confusion()
    assert (counts.tolist(), labels) == ([[0, 1], [0, 0]], ["丙", "乙"])


def test_classes_are_told_most_frequent_first_with_their_own_figures():
    truth = np.array(["甲", "甲", "甲", "乙"])
    said = Outcome(truth, np.array(["甲", "甲", "乙", "乙"]), np.ones(4), np.full((4, 3), "甲"), 0.9)
    first, second = said.by_class()
    assert (first.label, first.rows, first.precision, first.recall) == ("甲", 3, 1.0, pytest.approx(2 / 3))
    assert (second.label, second.rows, second.precision, second.recall) == ("乙", 1, 0.5, 1.0)
    assert second.f1 == pytest.approx(2 / 3)
    counts, labels = said.confusion()
    assert labels == ["乙", "甲"]
    assert counts.tolist() == [[1, 0], [1, 2]]


def test_the_sweep_goes_from_all_to_none():
    probabilities, codes = scored()
    said = outcome(probabilities, CLASSES, np.array(CLASSES, object)[codes], 0.9)
    points = said.sweep()
    assert len(points) == SWEEP_STEPS
    assert (points[0].threshold, points[0].coverage, points[-1].threshold) == (0, 1, 1)
    coverages = [point.coverage for point in points]
    assert coverages == sorted(coverages, reverse=True)


def test_folds_together_are_the_rows_of_all():
    probabilities, codes = scored()
    truth = np.array(CLASSES, object)[codes]
    parts = [outcome(probabilities[rows], CLASSES, truth[rows], 0.9) for rows in (slice(0, 70), slice(70, 200))]
    assert together(parts).headline() == outcome(probabilities, CLASSES, truth, 0.9).headline()


def test_sets_have_every_class_that_is_probable_enough_and_the_best_one_in_any_case():
    sets = Sets(Coverage("smallest set @ coverage >= 0.9"), 0.3)
    probabilities = np.array([[0.9, 0.06, 0.02, 0.02], [0.4, 0.35, 0.15, 0.1], [0.28, 0.26, 0.24, 0.22]])
    said = outcome(probabilities, CLASSES, np.array([CLASSES[0], CLASSES[1], "丑"], object), 0.9, sets)
    assert said.set_sizes.tolist() == [1, 2, 1]
    assert said.in_set.tolist() == [True, True, False]
    headline = together([said, said]).headline()
    assert headline["set_coverage"] == pytest.approx(2 / 3)
    assert headline["set_size_mean"] == pytest.approx(4 / 3)
    assert (headline["set_size_median"], headline["set_share"]) == (1, 1)
    # whoever names no set is not measured by one
    some = replace(said, set_sizes=np.array([1, 2, 0])).headline()
    assert (some["set_coverage"], some["set_share"]) == (1, pytest.approx(2 / 3))
    assert "set_coverage" not in outcome(probabilities, CLASSES, said.truth, 0.9).headline()
