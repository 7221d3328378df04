"""The model as MLflow's own kind of model, for those who work with `mlflow.pyfunc.load_model`.

MLflow is told to import this module and to hand it the bundle's directory. So nothing is pickled, and no code is
stored with a version: an environment that loads one has this package installed.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.complaint import Complaint
from models.mlflow_store import import_mlflow
from models.prediction import TARGETS, ModelVersion, Triage
from models.registry import BUNDLE_IN_MODEL
from models.versions import MODEL_NAME

if TYPE_CHECKING:
    from models.triage import TriageModel

INPUT_COLUMNS = ("text", "title", "merchant", "address")
"""Only `text` must be there."""

ANSWER_COLUMNS = tuple(f"{target}{part}" for target in TARGETS for part in ("", "_confidence", "_decision"))

PIPELINE_IN_MODEL = "pipeline.joblib"
"""Where a registered version keeps the fitted scikit-learn pipeline, for notebooks; nothing here opens it."""


def read_complaints(frame: pd.DataFrame) -> list[Complaint]:
    """Read one complaint from each row; a column or cell that is missing is empty text."""
    columns = [
        frame[name].fillna("").astype(str) if name in frame.columns else [""] * len(frame) for name in INPUT_COLUMNS
    ]
    return [
        Complaint(text=text, title=title, merchant=merchant, address=address)
        for text, title, merchant, address in zip(*columns, strict=True)
    ]


def answer_frame(answers: Iterable[Triage]) -> pd.DataFrame:
    """Lay answers out as one row each: ANSWER_COLUMNS and `doubts`, their names joined by ";".

    A domain or office is its code; missing where the model abstains without one or has no such head.
    """
    rows = []
    for answer in answers:
        row: dict[str, object] = {}
        for target in TARGETS:
            head = answer.domain if target == "domain" else answer.office
            row[target] = head.code if head else None
            row[f"{target}_confidence"] = head.confidence if head else None
            row[f"{target}_decision"] = head.decision.value if head else None
        rows.append(row | {"doubts": ";".join(answer.doubts)})
    frame = pd.DataFrame(rows, columns=[*ANSWER_COLUMNS, "doubts"])
    return frame.astype({f"{target}_confidence": "float64" for target in TARGETS})


@dataclass(frozen=True, slots=True)
class TriagePyfunc:
    """What MLflow wraps and calls."""

    model: "TriageModel"

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer each row of `model_input` (INPUT_COLUMNS); see answer_frame. There are no `params`."""
        del params
        answers = answer_frame(self.model.triage_many(read_complaints(model_input)))
        return answers.set_index(model_input.index)


def _load_pyfunc(data_path: str, model_config: dict[str, Any] | None = None) -> TriagePyfunc:
    """Load the bundle: MLflow looks for a function of this name in the module that the version names."""
    del model_config
    from models.triage import TriageModel  # noqa: PLC0415  writing a version must not need what reading it does

    return TriagePyfunc(TriageModel.load(Path(data_path), ModelVersion(MODEL_NAME, "pyfunc")))


def signature() -> Any:
    """Give the ModelSignature: INPUT_COLUMNS in, ANSWER_COLUMNS and doubts out."""
    mlflow = import_mlflow()
    column = mlflow.types.ColSpec
    return mlflow.models.ModelSignature(
        inputs=mlflow.types.Schema([column("string", name, required=name == "text") for name in INPUT_COLUMNS]),
        outputs=mlflow.types.Schema(
            [
                *(
                    column("double" if name.endswith("_confidence") else "string", name, required=False)
                    for name in ANSWER_COLUMNS
                ),
                column("string", "doubts"),
            ],
        ),
    )


def requirements() -> list[str]:
    """List what an environment needs to load a version; stated, for MLflow would otherwise try things out to infer it."""
    needed = []
    for package in ("paidan", "mlflow", "numpy", "pandas"):
        try:
            needed.append(f"{package}=={version(package)}")
        except PackageNotFoundError:
            needed.append(package)
    return needed


def write_model(directory: Path, bundle: Path, pipeline: Path | None, run_id: str, artifact_path: str) -> None:
    """Write the directory that becomes a registered version.

    `directory` must not exist yet. It gets MLmodel with its environment files, the bundle at BUNDLE_IN_MODEL and the
    pipeline, where there is one, at PIPELINE_IN_MODEL.
    """
    mlflow = import_mlflow()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / Path(BUNDLE_IN_MODEL).name  # MLflow keeps the name of the directory that it copies
        shutil.copytree(bundle, data)
        with warnings.catch_warnings():
            # the signature is stated, so no example is needed to infer it
            warnings.filterwarnings("ignore", message=".*input example was not provided")
            mlflow.pyfunc.save_model(
                path=str(directory),
                loader_module="models.pyfunc",
                data_path=str(data),
                mlflow_model=mlflow.models.Model(artifact_path=artifact_path, run_id=run_id),
                signature=signature(),
                pip_requirements=requirements(),
            )
    if pipeline is not None:
        shutil.copyfile(pipeline, directory / PIPELINE_IN_MODEL)
