"""A version measured on labelled rows, and a recipe by cross-validation."""

import csv

import numpy as np
import pytest

from features.normalise import Normaliser
from models.prediction import ModelVersion
from models.triage import TriageModel
from training.gate.examine import examine
from training.measuring.crossvalidation import cross_validate
from training.measuring.evaluate import evaluate, measure, read_documents
from training.recipe import Recipe
from training.tables.dataset import read_labelled


def written(path, rows, header=("text", "domain", "office")):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def tiny_file(tiny_complaints, tmp_path_factory):
    return written(tmp_path_factory.mktemp("tiny") / "tiny.csv", tiny_complaints)


@pytest.fixture(scope="session")
def tiny_data(tiny_file):
    return read_labelled([tiny_file])


def test_a_version_is_measured_on_every_head_that_the_rows_have_labels_for(tiny_model, tiny_data):
    found = evaluate(tiny_model, tiny_data)
    assert set(found) == {"domain", "office"}
    answers = tiny_model.triage_many(tiny_data.complaints())
    for target, said in found.items():
        heads = [getattr(answer, target) for answer in answers]
        labels = tiny_data.labels(target)
        figures = said.to_dict()
        assert figures["rows"] == 60
        assert figures["accuracy"] >= 0.95
        assert figures["auto_coverage"] == pytest.approx(np.mean([head.decision == "auto" for head in heads]))
        assert figures["abstained"] == pytest.approx(np.mean([head.decision == "abstain" for head in heads]))
        auto = [head.code == label for head, label in zip(heads, labels, strict=True) if head.decision == "auto"]
        if auto:
            assert figures["auto_precision"] == pytest.approx(np.mean(auto))
        else:
            assert np.isnan(figures["auto_precision"])


def test_rows_without_text_or_label_do_not_count(tiny_model, tiny_complaints, tmp_path):
    (text, domain, office), *others = tiny_complaints
    rows = [(text, domain, ""), ("  ", domain, office), (others[0][0], "", office), (others[1][0], "", "")]
    found = evaluate(tiny_model, read_labelled([written(tmp_path / "a.csv", rows)]))
    assert {target: said.to_dict()["rows"] for target, said in found.items()} == {"domain": 1, "office": 1}
    assert found["domain"].rows.tolist() == [0]
    assert found["office"].rows.tolist() == [2]


def test_a_label_that_the_version_does_not_know_counts_as_wrong(tiny_model, tiny_complaints, tmp_path):
    rows = [(tiny_complaints[0][0], "XXX"), tiny_complaints[1][:2]]
    data = read_labelled([written(tmp_path / "a.csv", rows, ("text", "domain"))])
    assert evaluate(tiny_model, data)["domain"].to_dict()["accuracy"] == 0.5


def test_a_head_without_labels_is_not_measured(fit_tiny, tiny_complaints, tmp_path):
    model = TriageModel(fit_tiny("office"), ModelVersion("m", "1"), {})
    data = read_labelled([written(tmp_path / "a.csv", [row[:2] for row in tiny_complaints], ("text", "domain"))])
    assert evaluate(model, data) == {}


def test_a_text_out_of_scope_abstains_in_the_measurement_as_in_the_service(tiny_model, tmp_path):
    data = read_labelled([written(tmp_path / "a.csv", [("你好", "FDS"), ("嗨", "PRE")], ("text", "domain"))])
    assert evaluate(tiny_model, data)["domain"].to_dict()["abstained"] == 1


def test_a_model_in_memory_is_measured_like_a_loaded_one(fit_tiny, tiny_data, lexicon, fit_files, tiny_file):
    fitted = fit_files([tiny_file], folds=3)
    loaded = TriageModel(fitted.model, ModelVersion("m", "1"), {})
    for target, said in evaluate(loaded, tiny_data).items():
        direct = measure(fitted, target, read_documents(tiny_data), tiny_data.labels(target), Recipe(folds=3))
        assert direct.headline() == said.outcome.headline()


def test_cross_validation_measures_each_row_once_by_a_model_that_has_not_seen_it(tiny_data, lexicon):
    normalise, recipe, told = Normaliser(), Recipe(folds=2), []
    examined = examine(tiny_data, recipe, lambda text: normalise(text).text)
    found = cross_validate(tiny_data, examined, recipe, 3, lexicon, lambda *step: told.append(step))
    for target, said in found.items():
        assert sorted(said.rows.tolist()) == list(range(60))
        assert said.outcome.truth.tolist() == tiny_data.labels(target)[said.rows].tolist()
        assert said.outcome.headline()["accuracy"] > 0.6
        assert {len(answers) for answers in said.peers.values()} == {60}
    assert set(found["domain"].peers) == {"majority", "keywords", "terms"}
    assert set(found["office"].peers) == {"majority", "keywords"}
    assert told[-1] == ("office 3/3", 3, 3)
