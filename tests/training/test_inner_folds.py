"""The parts of the training rows that a recipe is chosen on."""

import csv

import numpy as np
import pytest

from features.normalise import Normaliser
from training.gate.errors import RowsTooFew
from training.gate.examine import examine
from training.recipe import Recipe
from training.tables.dataset import read_labelled
from training.tuning.inner_folds import FOLDS, inner_folds


def examined_file(path, rows, header):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    data = read_labelled([path])
    return data, examine(data, Recipe(), Normaliser().text_of)


def test_only_training_rows_are_asked_about_and_copies_stay_together(tiny_complaints, tmp_path):
    rows = [row for text, *labels in tiny_complaints for row in ((text, *labels), (text + "！", *labels))]
    data, examined = examined_file(tmp_path / "a.csv", rows, ("text", "domain", "office"))
    found = inner_folds(data, examined, Recipe())
    assert len(found) == FOLDS
    assert sorted(np.concatenate([fold.asked for fold in found])) == examined.split.train.tolist()
    for learnt, asked in found:
        assert not set(learnt) & set(asked)
        assert not set(examined.groups[learnt]) & set(examined.groups[asked])
        assert not set(examined.groups[learnt]) & set(examined.groups[examined.split.test])


def test_by_time_each_part_is_later_than_what_is_learnt_for_it(tiny_complaints, tmp_path):
    days = [f"2026-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(len(tiny_complaints))]
    rows = [
        (*row, day)
        for row, day in zip(tiny_complaints[::3] + tiny_complaints[1::3] + tiny_complaints[2::3], days, strict=True)
    ]
    rows[40] = (rows[2][0] + "！", *rows[40][1:])  # late, and like an early one
    rows[5] = (*rows[5][:3], "")
    data, examined = examined_file(tmp_path / "a.csv", rows, ("text", "domain", "office", "date"))
    assert examined.split.how == "by time"
    found = inner_folds(data, examined, Recipe())
    assert len(found) == FOLDS
    for learnt, asked in found:
        assert 5 in learnt
        dated = learnt[learnt != 5]
        assert data.received[dated].max() < data.received[asked].min()
        assert data.received[asked].max() < data.received[examined.split.test].min()
        assert 40 not in asked
        assert not set(examined.groups[learnt]) & set(examined.groups[asked])


def test_too_few_rows_are_refused_with_how_many_it_takes(tiny_complaints, tmp_path):
    data, examined = examined_file(tmp_path / "a.csv", tiny_complaints[::3], ("text", "domain", "office"))
    with pytest.raises(RowsTooFew, match="it takes 30") as refused:
        inner_folds(data, examined, Recipe())
    assert refused.value.rows == len(examined.split.train)
