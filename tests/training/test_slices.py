"""Figures by slice of the rows."""

import csv

import numpy as np
import pytest

from training.measuring.figures import Outcome
from training.measuring.intervals import accuracy_interval
from training.measuring.slices import SOURCE_ROWS, slices_of
from training.tables.dataset import read_labelled

LONG = "字" * 30
ROWS = [
    *(("短", "热线", "2026-01-31 23:30", "甲") for _ in range(SOURCE_ROWS)),
    (LONG, "热线", "2026-02-01", "乙"),
    (LONG * 7, "某人", "", "乙"),
    (LONG * 2, "", "2026-02-28", "乙"),
]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "source", "received_at", "domain"))
        writer.writerows(ROWS)
    return read_labelled([path])


def outcome_of(data, rows, right, groups=None):
    truth = data.labels("domain")[rows].astype(str)
    answer = np.where(right, truth, "丙")
    return Outcome(truth, answer, np.full(len(rows), 0.5), np.stack([answer] * 3, axis=1), 0.9, groups)


def found_in(data, rows, right, groups=None):
    return {
        (each.by, each.name): each for each in slices_of(outcome_of(data, rows, right, groups), rows, data, "domain")
    }


def test_each_side_has_its_slices_in_order_and_rows_without_a_value_in_none(data):
    rows = np.arange(len(ROWS))
    found = found_in(data, rows, rows < SOURCE_ROWS)
    assert {name: each.rows for name, each in found.items()} == {
        ("length", "<30"): 10,
        ("length", "30–79"): 2,
        ("length", ">=200"): 1,
        ("source", "其他 others"): 1,
        ("source", "热线"): 11,
        ("month", "2026-01"): 10,
        ("month", "2026-02"): 2,
        ("class_size", "<10"): 3,
        ("class_size", "10–49"): 10,
    }
    assert [name for by, name in found if by == "length"] == ["<30", "30–79", ">=200"]
    assert [name for by, name in found if by == "class_size"] == ["<10", "10–49"]
    assert found["length", "<30"].accuracy == 1
    assert found["class_size", "<10"].accuracy == 0
    assert found["source", "热线"].accuracy == pytest.approx(10 / 11)
    assert found["length", "<30"].ece == pytest.approx(0.5)


def test_a_class_is_as_large_as_the_data_though_few_of_its_rows_are_measured(data):
    found = found_in(data, np.array([12, 0]), np.array([True, True]))
    assert {name: each.rows for name, each in found.items() if name[0] == "class_size"} == {
        ("class_size", "<10"): 1,
        ("class_size", "10–49"): 1,
    }
    assert ("source", "热线") not in found  # one row of those that are measured


def test_columns_that_are_not_there_have_no_slices(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,domain\n短,甲\n长,乙\n", encoding="utf-8")
    found = found_in(read_labelled([path]), np.arange(2), np.array([True, False]))
    assert {by for by, _ in found} == {"length", "class_size"}


def test_no_rows_have_no_slices(data):
    assert found_in(data, np.array([], np.int64), np.array([], bool)) == {}


def test_copies_make_an_interval_wider(data):
    right = np.arange(100) % 3 > 0
    narrow = accuracy_interval(np.repeat(right, 4), None)
    wide = accuracy_interval(np.repeat(right, 4), np.repeat(np.arange(100), 4))
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])
    assert wide[0] < right.mean() < wide[1]


def test_a_few_rows_that_are_all_right_do_not_promise_that_all_will_be():
    low, high = accuracy_interval(np.ones(10, bool), None)
    assert low == pytest.approx(1 - 0.3085, abs=1e-4)
    assert high == 1
    assert np.isnan(accuracy_interval(np.array([], bool), None)).all()
