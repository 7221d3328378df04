"""Two models on the same rows."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score

from training.measuring.bootstrap import Answers, PairedBootstrap
from training.measuring.figures import f1_of_classes


@pytest.fixture(scope="module")
def answers():
    """600 rows of three classes; the champion is right 8 times of 10, the challenger 7 times."""
    draw = np.random.default_rng(5)
    truth = draw.choice(["FDS", "PRE", "PRC"], 600, p=[0.2, 0.5, 0.3])

    def said(right):
        return np.where(draw.random(600) < right, truth, draw.choice(["FDS", "PRE", "PRC"], 600))

    return Answers("domain", truth, said(0.7), said(0.55), np.arange(600))


@pytest.fixture(scope="module")
def drawn(answers):
    return PairedBootstrap(answers, resamples=4000)


def scipys(answers, statistic):
    numbers = np.unique(np.stack([answers.truth, answers.champion, answers.challenger]), return_inverse=True)[1]
    found = stats.bootstrap(
        tuple(numbers.reshape(3, -1)), statistic, paired=True, vectorized=False,
        method="percentile", n_resamples=2000, rng=np.random.default_rng(1),
    )  # fmt: skip
    return found.confidence_interval


def test_accuracy_agrees_with_scipys_paired_bootstrap(answers, drawn):
    theirs = scipys(answers, lambda truth, one, other: (other == truth).mean() - (one == truth).mean())
    ours = drawn.accuracy()
    assert ours.champion == (answers.champion == answers.truth).mean()
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.008)
    assert ours.rows == 600


def test_macro_f1_agrees_with_scikit_learn_and_scipy(answers, drawn):
    ours = drawn.macro_f1()
    assert ours.challenger == pytest.approx(f1_score(answers.truth, answers.challenger, average="macro"))
    theirs = scipys(
        answers,
        lambda truth, one, other: np.nanmean(f1_of_classes(truth, other, 3)) - np.nanmean(f1_of_classes(truth, one, 3)),
    )
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.008)


def test_the_recall_of_a_class_is_that_of_its_rows(answers, drawn):
    ours = drawn.recall("FDS")
    mine = answers.truth == "FDS"
    assert ours.rows == mine.sum()
    assert ours.change == pytest.approx(
        (answers.challenger == "FDS")[mine].mean() - (answers.champion == "FDS")[mine].mean()
    )
    assert ours.low < ours.change < ours.high


def test_a_class_without_rows_has_no_figures(drawn):
    none = drawn.recall("SEQ")
    assert none.rows == 0
    assert np.isnan([none.champion, none.change, none.low]).all()


def test_copies_of_a_row_make_nothing_surer(answers):
    """Each row ten times, in one group: the interval is that of the rows themselves."""
    ten = Answers("domain", *(np.repeat(each, 10) for each in (answers.truth, answers.champion, answers.challenger)), np.repeat(answers.groups, 10))  # fmt: skip
    once, copied = PairedBootstrap(answers).accuracy(), PairedBootstrap(ten).accuracy()
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.1)
    alone = Answers("domain", ten.truth, ten.champion, ten.challenger, np.arange(6000))
    surer = PairedBootstrap(alone).accuracy()
    assert surer.high - surer.low < 0.5 * (once.high - once.low)


def test_of_equal_answers_no_more_is_claimed_than_so_many_rows_can_tell(answers):
    same = Answers("domain", answers.truth, answers.champion, answers.champion, answers.groups)
    found = PairedBootstrap(same)
    assert found.macro_f1().change == 0
    # none of 600 differs: at most 1 - 0.025 ** (1 / 600) of all do, with 95% confidence on both sides
    assert (found.accuracy().low, found.accuracy().high) == pytest.approx((-0.00613, 0.00613), abs=1e-5)
    few = Answers(
        "domain", *(each[:12] for each in (answers.truth, answers.champion, answers.champion, answers.groups))
    )
    assert PairedBootstrap(few).accuracy().low == pytest.approx(-0.265, abs=1e-3)
