"""A registered version as MLflow's own kind of model."""

import json
import math
from dataclasses import dataclass

import pandas as pd
import pytest

from features.complaint import Complaint
from models.mlflow_store import import_mlflow
from models.prediction import Candidate, Decision, HeadAnswer, ModelVersion, Triage
from models.pyfunc import ANSWER_COLUMNS, PIPELINE_IN_MODEL, answer_frame, read_complaints, signature, write_model
from models.registry import BUNDLE_IN_MODEL


@dataclass(frozen=True)
class KeywordTriage:
    """A model with a domain head only, whose one class is what the bundle's manifest says."""

    code: str

    @classmethod
    def load(cls, bundle, version):
        assert version.name == "complaint-triage"
        return cls(json.loads((bundle / "manifest.json").read_text())["code"])

    def triage_many(self, complaints):
        return [self.triage(complaint) for complaint in complaints]

    def triage(self, complaint):
        known = self.code in complaint.text + complaint.title
        head = HeadAnswer(
            code=self.code if known else None,
            name=self.code if known else None,
            confidence=0.9 if known else 0.0,
            decision=Decision.AUTO if known else Decision.ABSTAIN,
            alternatives=(Candidate("其他", "其他", 0.1),),
            contrast=None,
        )
        doubts = () if known else ("out_of_distribution", "low_margin")
        return Triage(ModelVersion("complaint-triage", "1"), complaint, head, None, (), doubts, ())


def test_missing_columns_and_cells_are_empty_text():
    frame = pd.DataFrame({"text": ["甲", "乙"], "merchant": ["一店", None], "unknown": [1, 2]})
    assert read_complaints(frame) == [Complaint("甲", merchant="一店"), Complaint("乙")]


def test_an_answer_is_one_row_of_codes_confidences_decisions_and_doubts():
    frame = answer_frame(KeywordTriage("食品").triage_many([Complaint("食品过期"), Complaint("你好")]))
    assert list(frame.columns) == [*ANSWER_COLUMNS, "doubts"]
    assert frame["domain"][0] == "食品"
    assert pd.isna(frame["domain"][1])
    assert frame["domain_decision"].tolist() == ["auto", "abstain"]
    assert frame["doubts"].tolist() == ["", "out_of_distribution;low_margin"]
    assert frame["office"].isna().all()
    assert all(map(math.isnan, frame["office_confidence"]))


def test_no_rows_give_no_answers():
    assert answer_frame([]).shape == (0, 7)


def test_the_signature_asks_for_text_alone():
    schema = signature().inputs.to_dict()
    assert [column["name"] for column in schema if column["required"]] == ["text"]


@pytest.fixture
def bundle(tmp_path):
    directory = tmp_path / "any name"
    directory.mkdir()
    (directory / "manifest.json").write_text('{"code": "食品"}', encoding="utf-8")
    return directory


def test_a_written_model_answers_through_mlflow(tmp_path, bundle, monkeypatch):
    monkeypatch.setattr("models.triage.TriageModel", KeywordTriage)
    write_model(tmp_path / "model", bundle, None, "run", "model")
    loaded = import_mlflow().pyfunc.load_model(str(tmp_path / "model"))
    frame = pd.DataFrame({"text": ["食品过期", "你好"], "title": ["投诉", None]}, index=[7, 9])
    answers = loaded.predict(frame)
    assert answers["domain"].dropna().to_dict() == {7: "食品"}
    assert list(answers.index) == [7, 9]


def test_a_written_model_holds_bundle_and_pipeline_and_nothing_pickled_to_load(tmp_path, bundle):
    pipeline = tmp_path / "fitted.joblib"
    pipeline.write_bytes(b"fitted")
    model = tmp_path / "model"
    write_model(model, bundle, pipeline, "run", "model")
    assert (model / BUNDLE_IN_MODEL / "manifest.json").read_bytes() == (bundle / "manifest.json").read_bytes()
    assert (model / PIPELINE_IN_MODEL).read_bytes() == b"fitted"
    assert not list(model.rglob("*.pkl"))
    assert str(tmp_path) not in "".join(path.read_text("utf-8") for path in model.glob("*") if path.is_file())
