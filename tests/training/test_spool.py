"""Arrays and texts in files."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.vectorise import corpus
from training.gate.duplicates import near_duplicate_groups
from training.gate.examine import examine
from training.gate.merge import merge
from training.measuring.evaluate import read_documents
from training.recipe import Recipe
from training.tables.dataset import read_labelled
from training.tables.spool import Documents, Pieces, column, lay_out

TEXTS = st.lists(st.text(max_size=6), max_size=12)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("spool")


@given(texts=TEXTS, rows=st.lists(st.integers(0, 11), max_size=6), asked=st.text(max_size=2))
def test_a_column_in_a_file_is_the_column_in_memory(directory, texts, rows, asked):
    ours, theirs = column(texts, directory / "texts"), column(texts, None)
    assert len(ours) == len(theirs)
    assert list(ours) == list(theirs)
    assert (ours == asked).tolist() == (theirs == asked).tolist()
    assert (ours != "").tolist() == (theirs != "").tolist()
    at = np.array([row for row in rows if row < len(texts)], np.int64)
    assert list(ours[at]) == list(theirs[at])
    assert list(ours[at][::2]) == list(theirs[at][::2])
    mask = np.arange(len(texts)) % 2 == 0
    assert list(ours[mask]) == list(theirs[mask])


def test_half_of_a_surrogate_pair_stays_what_it_is(tmp_path):
    assert list(column(["\ud83d", "甲"], tmp_path / "texts")) == ["\ud83d", "甲"]


def test_rows_of_documents_are_picked_without_reading_them(tmp_path):
    documents = Documents([column("甲乙丙", tmp_path / "one"), column("子丑寅", tmp_path / "two")])
    assert documents[1] == ("乙", "丑")
    assert list(documents[np.array([2, 0])]) == [("丙", "寅"), ("甲", "子")]


@pytest.mark.parametrize("documents", [[], [("", "")], [("标题", "正文"), ("", "另一篇"), ("三", "")] * 900])
def test_documents_laid_in_a_file_are_those_laid_in_memory(documents, tmp_path):
    ours, theirs = lay_out(iter(documents), 2, tmp_path), corpus(documents, 2)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_array_of_no_pieces_is_empty(tmp_path):
    assert Pieces(np.int32, tmp_path / "none").whole().tolist() == Pieces(np.int32, None).whole().tolist() == []


def written(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_data_in_files_are_read_examined_and_normalised_as_in_memory(tmp_path, tiny_complaints):
    rows = [(text, domain, f"{number}", "") for number, (text, domain, _) in enumerate(tiny_complaints)]
    files = [
        written(tmp_path / "one.csv", ("text", "domain", "ticket_id", "note"), rows),
        written(
            tmp_path / "two.csv", ("text", "domain", "title"), [(text, domain, "又") for text, domain, *_ in rows[:9]]
        ),
    ]
    spool = tmp_path / "spool"
    spool.mkdir()
    here, there = read_labelled(files), read_labelled(files, spool=spool)
    assert any(spool.iterdir())
    assert there.digest == here.digest
    assert [*there.complaints()] == [*here.complaints()]
    assert [*there.select([3, 61]).complaints()] == [*here.select([3, 61]).complaints()]
    assert list(there.extra["note"]) == list(here.extra["note"])
    recipe = Recipe(folds=3)
    ours, theirs = examine(there, recipe, str.strip, spool=spool), examine(here, recipe, str.strip)
    assert ours.report == theirs.report
    assert list(ours.texts) == list(theirs.texts)
    np.testing.assert_array_equal(ours.groups, theirs.groups)
    np.testing.assert_array_equal(ours.split.test, theirs.split.test)
    assert list(read_documents(there, spool)) == list(read_documents(here))


def test_labels_of_several_hands_are_merged_in_files_as_in_memory(tmp_path):
    header = ("text", "title", "domain", "source", "ticket_id", "provenance")
    files = [
        written(
            tmp_path / "imported.csv",
            header,
            [
                ("过期牛奶", "题", "PRC", "12345", "1", ""),
                ("健身卡", "", "PRE", "", "", ""),
                ("", "空", "PRE", "", "", ""),
            ],
        ),
        written(
            tmp_path / "people.csv",
            header,
            [("牛奶", "", "FDS", "12345", "1", "person"), ("健身卡", "", "", "", "", "person")],
        ),
    ]
    spool = tmp_path / "spool"
    spool.mkdir()
    here = merge(read_labelled(files), str.strip)
    there = merge(read_labelled(files, spool=spool), str.strip, spool=spool)
    assert there.report == here.report
    assert there.report.merged == 2
    # the title is taken from the row that gave way
    assert [*there.data.complaints()] == [*here.data.complaints()]
    assert [each.title for each in there.data.complaints()] == ["空", "题", ""]
    assert there.data.labels("domain").tolist() == here.data.labels("domain").tolist() == ["PRE", "FDS", "PRE"]


def test_near_duplicates_are_the_same_in_files(tmp_path, tiny_complaints):
    texts = [text for text, *_ in tiny_complaints]
    texts += [f"{text}！" for text in texts[::3]] + ["", "短", "短"]
    in_memory = near_duplicate_groups(texts)
    assert len(set(in_memory.tolist())) < len(set(texts)) < len(texts)
    np.testing.assert_array_equal(near_duplicate_groups(texts, spool=tmp_path), in_memory)
