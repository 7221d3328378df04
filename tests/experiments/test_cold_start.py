"""The cold start itself, on a few rows of the starter set that came in one after another."""

import numpy as np
import pytest

from tests.experiments import cold_start
from tests.experiments.cold_start import ColdStart, curve
from training.tables.columns import Role
from training.tables.dataset import read_labelled
from training.written.starter import starter_files


@pytest.fixture(scope="module")
def start():
    return ColdStart(read_labelled(starter_files()[:3], {Role.DOMAIN: ""}))


def test_the_later_rows_are_never_learnt(start):
    assert not set(start.pool.tolist()) & set(start.test.tolist())
    received = start.data.received
    known = ~np.isnat(received[start.pool])
    if known.any():
        assert received[start.pool][known].max() <= received[start.test].max()


def test_a_curve_has_a_share_for_each_budget_and_more_reviews_help(start, monkeypatch):
    monkeypatch.setattr(cold_start, "BUDGETS", (30, len(start.pool)))
    for way in (False, True):
        few, many = curve(start, 0, by_worth=way)
        assert 0 <= few <= many <= 1
        assert many == start.right(start.learnt(start.pool))


def test_the_queue_asks_for_rows_that_wait_one_of_those_alike_at_a_time(start):
    reviewed = start.pool[:30]
    chosen = start.queued(start.learnt(reviewed), reviewed, 10)
    assert len(chosen) == 10
    assert not set(chosen.tolist()) & set(reviewed.tolist())
    assert len(set(start.examined.groups[chosen].tolist())) == 10
