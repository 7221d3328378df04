"""Confident mistakes, on the tiny model."""

import csv

import pytest

from training.measuring.evaluate import evaluate
from training.measuring.mistakes import confident_mistakes
from training.tables.dataset import read_labelled

CALL = "13800138000"


@pytest.fixture
def data(tiny_complaints, tmp_path):
    """What the tiny model knows, with two labels that are wrong, an empty text first, and a telephone in each text."""
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "domain"])
        rows.writerow(["", "FDS"])
        for number, (text, domain, _) in enumerate(tiny_complaints):
            rows.writerow([f"{text}，电话{CALL}", "PRC" if number in {3, 7} else domain])
    return read_labelled([path])


def test_wrong_answers_are_found_at_their_rows_surest_first(tiny_model, data):
    found = confident_mistakes(tiny_model, data, "domain", evaluate(tiny_model, data)["domain"])
    # row 1 is the header and row 2 is empty
    assert {6, 10} <= {each.location.row for each in found}
    assert all(each.truth != each.answer for each in found)
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)


def test_only_as_many_as_asked_for(tiny_model, data):
    evaluation = evaluate(tiny_model, data)["domain"]
    assert len(confident_mistakes(tiny_model, data, "domain", evaluation, shown=1)) == 1


def test_personal_data_is_masked_and_evidence_is_of_the_head(tiny_model, data):
    for each in confident_mistakes(tiny_model, data, "domain", evaluate(tiny_model, data)["domain"]):
        assert CALL not in each.text
        assert all(part.target == "domain" and CALL not in part.text for part in each.evidence)
