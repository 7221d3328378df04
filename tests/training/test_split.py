"""Training rows and test rows."""

from dataclasses import replace

import numpy as np
import pytest

from training.gate.split import folds, split
from training.recipe import Recipe
from training.tables.dataset import read_labelled


@pytest.fixture
def rows(tmp_path):
    """Data of given (text, domain, office, date) rows."""

    def make(*found):
        path = tmp_path / "rows.csv"
        lines = [",".join(row) for row in found]
        path.write_text("text,domain,office,date\n" + "\n".join(lines) + "\n", encoding="utf-8")
        return read_labelled([path])

    return make


def many(count, classes=3, *, dated=True):
    return [
        (f"文{number}", f"类{number % classes}", "", f"2026-01-{number % 28 + 1:02}" if dated else "")
        for number in range(count)
    ]


def check_parts(parts, groups):
    every = np.sort(np.concatenate([parts.train, parts.test, parts.left_out]))
    assert every.tolist() == list(range(len(groups)))
    assert not set(groups[parts.train]) & set(groups[parts.test])
    for part in (parts.train, parts.test, parts.left_out):
        assert (np.diff(part) > 0).all()


def test_the_last_days_are_the_test(rows):
    data = rows(*many(280))
    parts = split(data, data.texts, np.arange(280), Recipe())
    assert parts.how == "by time"
    assert data.received[parts.train].max() < data.received[parts.test].min()
    assert len(parts.test) == 60
    assert parts.sentence.startswith("按受理时间划分")
    assert "60 rows from 2026-01-23 to 2026-01-28" in parts.sentence
    check_parts(parts, np.arange(280))


def test_a_day_is_not_cut_and_days_are_those_of_china(rows):
    days = ["2026-01-01T00:30:00+08:00", "2026-01-01T23:30:00+08:00", "2026-01-02T00:30:00+08:00"]
    data = rows(*[(f"文{n}", f"类{n % 2}", "", days[0 if n < 5 else 1 if n < 8 else 2]) for n in range(10)])
    assert split(data, data.texts, np.arange(10), Recipe()).test.tolist() == [8, 9]


def test_a_late_row_like_an_earlier_one_is_in_neither_part(rows):
    data = rows(*many(280))
    groups = np.arange(280)
    late = int(np.flatnonzero(data.received == data.received.max())[0])
    groups[late] = groups[0]
    parts = split(data, data.texts, groups, Recipe())
    assert parts.left_out.tolist() == [late]
    check_parts(parts, groups)


def test_a_few_rows_without_a_date_are_learnt_from(rows):
    found = many(100)
    found[7] = (*found[7][:3], "")
    data = rows(*found)
    parts = split(data, data.texts, np.arange(100), Recipe())
    assert parts.how == "by time"
    assert 7 in parts.train


def test_without_dates_the_split_is_stratified(rows):
    data = rows(*many(300, dated=False))
    parts = split(data, data.texts, np.arange(300), Recipe())
    assert parts.how == "grouped and stratified"
    assert [(data.labels("domain")[parts.test] == name).sum() for name in ("类0", "类1", "类2")] == [20, 20, 20]
    check_parts(parts, np.arange(300))


def test_one_day_cannot_be_cut(rows):
    data = rows(*[(f"文{n}", f"类{n % 2}", "", "2026-01-01") for n in range(40)])
    assert split(data, data.texts, np.arange(40), Recipe()).how == "grouped and stratified"


def test_groups_stay_together(rows):
    data = rows(*many(300, dated=False))
    groups = np.random.default_rng(1).integers(0, 90, 300)
    parts = split(data, data.texts, groups, Recipe(test_fraction=0.3))
    check_parts(parts, groups)
    assert 0.25 < len(parts.test) / 300 < 0.35


def test_a_class_of_one_group_is_never_only_in_the_test(rows):
    found = [(f"文{n}", "多", f"科{n}", "") for n in range(50)] + [("文", "少", "科", "")] * 4
    data = rows(*found)
    groups = np.array([*range(50), 50, 50, 50, 50])
    for seed in range(5):
        parts = split(
            replace(data, columns={**data.columns, "office": np.full(54, "", dtype=object)}),
            data.texts,
            groups,
            Recipe(seed=seed),
        )
        assert {50, 51, 52, 53} <= set(parts.train)
        assert len(parts.test)
        assert not len(split(data, data.texts, groups, Recipe(seed=seed)).test)


def test_rows_without_text_or_label_are_left_out(rows):
    found = many(60, dated=False)
    found[3] = ("文3", "", "", "")
    groups = np.arange(60)
    groups[5] = -1
    data = rows(*found)
    assert split(data, data.texts, groups, Recipe()).left_out.tolist() == [3, 5]


def test_the_seed_decides(rows):
    data, groups = rows(*many(300, dated=False)), np.arange(300)
    one, again, other = (split(data, data.texts, groups, Recipe(seed=seed)).test.tolist() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_the_same_rows_are_held_out_again_when_the_data_has_grown(rows):
    before, after = rows(*many(300, dated=False)), rows(*many(360, dated=False))
    held = [set(data.texts[split(data, data.texts, np.arange(len(data)), Recipe()).test]) for data in (before, after)]
    early = set(before.texts)
    assert len(held[0] & held[1]) >= 0.8 * len(held[0])
    assert len((held[1] & early) - held[0]) <= 0.2 * len(held[0])


def test_hiding_a_telephone_number_does_not_change_the_side(rows):
    said = [f"第{number}件，回电\ue000谢谢" for number in range(100)]
    hidden = [text.replace("\ue000", "**") for text in said]
    data, groups = rows(*many(100, dated=False)), np.arange(100)
    one, other = (split(data, np.array(texts, object), groups, Recipe()).test.tolist() for texts in (said, hidden))
    assert one == other


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.25, 0.5, 0.99])
def test_the_share_is_about_what_was_asked(rows, fraction):
    data = rows(*many(400, dated=False))
    found = len(split(data, data.texts, np.arange(400), Recipe(test_fraction=fraction)).test) / 400
    assert found == pytest.approx(fraction, abs=0.045)


def test_a_single_text_stays_in_training(rows):
    data = rows(("甲", "一", "", ""))
    parts = split(data, data.texts, np.array([0]), Recipe())
    assert (parts.train.tolist(), parts.test.tolist()) == ([0], [])


def test_folds_test_each_row_once_and_split_no_group():
    shuffle = np.random.default_rng(3)
    labels = np.array([f"类{code}" for code in shuffle.geometric(0.3, 500)], dtype=object)
    groups = shuffle.integers(0, 350, 500)
    found = folds(labels, groups, 5, seed=0)
    assert sorted(np.concatenate([test for _, test in found]).tolist()) == list(range(500))
    for train, test in found:
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == 500
        assert 90 <= len(test) <= 110


def test_folds_are_even_in_each_class():
    labels = np.array([f"类{number % 7}" for number in range(700)], dtype=object)
    for _, test in folds(labels, np.arange(700), 5, seed=0):
        assert np.unique(labels[test], return_counts=True)[1].tolist() == [20] * 7


@pytest.mark.parametrize(
    "groups", [[0, 1, 2, 3, 4, 5], [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 3], [0, 0, 0, 0, 0, 1], [0, 0, 1, 1, 2, 2]]
)
@pytest.mark.parametrize("labels", ["aaaaaa", "abcdef", "aaabbc", "aaaaab"])
def test_thin_classes_and_few_groups_make_folds_without_a_warning(groups, labels):
    found = folds(list(labels), np.array(groups), 5, seed=0)
    assert 2 <= len(found) <= 5
    for train, test in found:
        assert len(train)
        assert len(test)


def test_one_group_cannot_be_folded():
    with pytest.raises(ValueError, match="expected at least 2 of each"):
        folds(["a", "b"], np.array([0, 0]), 5, seed=0)
