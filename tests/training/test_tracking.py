"""Training runs in a real MLflow store."""

import getpass
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from models.copies import LocalCopies
from models.mlflow_store import MlflowStore, import_mlflow
from models.prediction import ModelVersion, Triage
from models.pyfunc import PIPELINE_IN_MODEL
from models.registry import BUNDLE_IN_MODEL, Registry
from models.versions import RegistryUnavailable
from training.card.drawing import png
from training.tracking import NothingToRegister, Tracker, failure_note, without_paths

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")


def verify(bundle):
    if json.loads((bundle / "manifest.json").read_text())["sound"] is not True:
        raise ValueError("weights.npy differs from its digest")


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """One SQLite store for all: to make one takes seconds."""
    return MlflowStore.under(tmp_path_factory.mktemp("home"))


@pytest.fixture
def registry(store, tmp_path):
    return Registry(store, LocalCopies(tmp_path / "bundles", verify), name=f"triage-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def bundle(tmp_path):
    directory = tmp_path / "fit"
    directory.mkdir()
    (directory / "manifest.json").write_text('{"sound": true}')
    return directory


def artifacts(registry, run):
    return registry.store.artifact_root / run.run_id / "artifacts"


def test_of_many_files_as_many_names_are_kept_as_mlflow_takes(registry):
    names = ", ".join(f"batch-{number:03d}.csv" for number in range(100))
    with Tracker(registry).run("many") as run:
        run.log_dataset("f" * 64, {"rows": 1}, names)
    (kept,) = registry.store.client.get_run(run.run_id).inputs.dataset_inputs
    assert kept.dataset.name.startswith("batch-000.csv, batch-001.csv")
    assert kept.dataset.name.endswith("…")
    assert len(kept.dataset.name) <= 500


def test_a_run_keeps_recipe_data_figures_and_reports(registry):
    with Tracker(registry).run("haikou office") as run:
        run.log_recipe({"seed": 7, "ngrams": (1, 4), "target": "maximum coverage @ precision >= 0.95"})
        run.log_dataset("f" * 64, {"rows": 40, "classes": 7}, "haikou12345.csv.gz")
        run.log_metrics({"office/accuracy": np.float64(0.77), "office/recall/城管局（综合）": 0.5})
        run.log_table("per_class", [{"office": "城管局", "recall": 0.5}, {"office": "税务局", "rows": 3}])
        run.log_picture("confusion", png(Figure()))
        run.log_json("gate", {"rows": np.int64(40), "thin": {"税务局"}})
        run.log_text("gate", "40 行")
    kept = registry.store.client.get_run(run.run_id)
    assert kept.info.status == "FINISHED"
    assert kept.info.run_name == "haikou office"
    assert kept.data.params == {"seed": "7", "ngrams": "[1, 4]", "target": "maximum coverage @ precision >= 0.95"}
    assert kept.data.metrics == {"office/accuracy": 0.77, "office/recall/城管局_综合_": 0.5}
    data = kept.inputs.dataset_inputs[0].dataset
    assert (data.name, json.loads(data.profile)) == (
        "haikou12345.csv.gz",
        {"rows": 40, "classes": 7, "digest": "f" * 64},
    )
    place = artifacts(registry, run)
    assert json.loads((place / "recipe.json").read_text("utf-8"))["ngrams"] == [1, 4]
    assert json.loads((place / "gate.json").read_text("utf-8")) == {"rows": 40, "thin": ["税务局"]}
    assert (place / "gate.txt").read_text("utf-8") == "40 行"
    table = (place / "tables" / "per_class.csv").read_text("utf-8-sig").splitlines()
    assert table == ["office,recall,rows", "城管局,0.5,", "税务局,,3"]
    assert (place / "pictures" / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_more_parameters_and_metrics_than_one_request_takes_are_all_kept(registry):
    with Tracker(registry).run("many") as run:
        run.log_recipe({f"p{i}": i for i in range(150)})
        run.log_metrics({f"m{i}": i for i in range(1200)})
    kept = registry.store.client.get_run(run.run_id).data
    assert (len(kept.params), len(kept.metrics)) == (150, 1200)


def test_metrics_that_mlflow_could_not_tell_apart_are_refused(registry):
    with pytest.raises(ValueError, match="城管局"), Tracker(registry).run("clash") as run:
        run.log_metrics({"recall/城管局（一）": 1, "recall/城管局[一]": 0})


def test_a_version_holds_bundle_pipeline_and_model_and_is_the_challenger(registry, bundle, tmp_path):
    pipeline = tmp_path / "p.joblib"
    pipeline.write_bytes(b"fitted")
    with Tracker(registry).run("first") as run:
        run.log_bundle(bundle, pipeline)
        version = run.register(["domain", "office"], {"domain/accuracy": 0.925})
    assert (version.number, version.aliases, version.run_id) == (1, ("challenger",), run.run_id)
    assert (version.targets, version.metrics) == (("domain", "office"), {"domain/accuracy": 0.925})
    model = artifacts(registry, run) / "model"
    assert {path.name for path in model.iterdir()} >= {"MLmodel", "data", PIPELINE_IN_MODEL}
    assert (model / BUNDLE_IN_MODEL / "manifest.json").exists()
    assert json.loads((registry.fetch(version) / "manifest.json").read_text()) == {"sound": True}


def test_the_champion_loads_by_its_alias_in_plain_mlflow(registry, bundle, monkeypatch):
    """Whoever knows only MLflow's address and the alias gets a model that answers frames."""

    class Standstill:
        @classmethod
        def load(cls, directory, version):
            verify(directory)
            return cls()

        def triage_many(self, complaints):
            return [Triage(ModelVersion("m", "1"), one, None, None, (), ("too_short",), ()) for one in complaints]

    monkeypatch.setattr("models.triage.TriageModel", Standstill)
    with Tracker(registry).run("first") as run:
        run.log_bundle(bundle)
        run.register(["domain"], {})
    registry.promote("challenger", "li", "first")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.store.tracking_uri)
    model = import_mlflow().pyfunc.load_model(f"models:/{registry.name}@champion")
    assert [column.name for column in model.metadata.signature.inputs] == ["text", "title", "merchant", "address"]
    assert model.predict(pd.DataFrame({"text": ["你好"]}))["doubts"].tolist() == ["too_short"]


def test_a_home_that_was_moved_still_gives_its_versions(registry, bundle, tmp_path):
    with Tracker(registry).run("first") as run:
        run.log_bundle(bundle)
        version = run.register(["domain"], {})
    moved = tmp_path / "moved"
    moved.mkdir()
    (registry.store.artifact_root / run.run_id).rename(moved / run.run_id)
    there = Registry(MlflowStore(registry.store.tracking_uri, moved), registry.copies, registry.name)
    verify(there.fetch(version))


def test_the_next_version_takes_the_challenger_over(registry, bundle):
    for _ in range(2):
        with Tracker(registry).run("again") as run:
            run.log_bundle(bundle)
            run.register(["domain"], {})
    assert [(version.number, version.aliases) for version in registry.versions()] == [(2, ("challenger",)), (1, ())]


def test_nothing_is_registered_without_a_bundle(registry):
    with pytest.raises(NothingToRegister, match="log_bundle"), Tracker(registry).run("empty") as run:
        run.register(["domain"], {})
    assert registry.versions() == []


def run_until(registry, error, bundle=None, *, register=False):
    """Open a run that ends in `error`."""
    with Tracker(registry).run("fails") as run:
        if bundle:
            run.log_bundle(bundle)
        if register:
            run.register(["domain"], {})
        raise error


def last_run(registry):
    client = registry.store.client
    return client.search_runs([client.get_experiment_by_name(registry.name).experiment_id], max_results=1)[0]


def test_a_run_that_fails_is_marked_with_the_kind_of_error_and_leaves_no_version(registry, bundle):
    with pytest.raises(ValueError, match="广场"):
        run_until(registry, ValueError("could not convert '在广场南路买到过期食品'"), bundle)
    kept = last_run(registry)
    assert (kept.info.status, kept.data.tags["failure"]) == ("FAILED", "ValueError")
    assert registry.versions() == []


def test_a_failure_after_registering_gives_the_challenger_back(registry, bundle):
    with Tracker(registry).run("good") as run:
        run.log_bundle(bundle)
        run.register(["domain"], {})
    with pytest.raises(OSError, match="disk"):
        run_until(registry, OSError("disk full"), bundle, register=True)
    assert last_run(registry).info.status == "FAILED"
    assert [(version.number, version.aliases) for version in registry.versions()] == [(1, ("challenger",))]


def test_an_interrupted_run_is_marked_as_killed(registry):
    with pytest.raises(KeyboardInterrupt):
        run_until(registry, KeyboardInterrupt())
    assert last_run(registry).info.status == "KILLED"


def test_an_error_of_ours_is_told_in_full_but_for_the_place_of_the_file():
    error = NothingToRegister("/srv/data/office one.csv")
    assert failure_note(error).startswith("NothingToRegister: run office one.csv has logged no bundle")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/home/li/complaints.csv", "complaints.csv"),
        ("row 3 of /home/li/投诉/十月.csv: no text", "row 3 of 十月.csv: no text"),
        (r"C:\Users\li\complaints.csv", "complaints.csv"),
        ("file:///home/li/a.csv", "file:///home/li/a.csv"),
        ("投诉/举报/咨询", "投诉/举报/咨询"),
        ("2026/10/03", "2026/10/03"),
        ("http://127.0.0.1:8000/v1/predict", "http://127.0.0.1:8000/v1/predict"),
        ("precision / recall", "precision / recall"),
    ],
)
def test_paths_are_cut_to_their_last_part(text, kept):
    assert without_paths(text) == kept


def test_a_run_tells_nothing_of_the_machine(registry, bundle, tmp_path):
    with Tracker(registry).run("private") as run:
        run.log_recipe({"data": tmp_path / "a.csv", "also": str(tmp_path / "b.csv"), "all": [tmp_path / "c.csv"]})
        run.log_dataset("f" * 64, {"rows": 1}, str(tmp_path / "d.csv"))
        run.log_text("gate", f"read {tmp_path / 'e.csv'}")
        run.log_json("gate", {"file": tmp_path / "f.csv"})
        run.log_table("files", [{"file": tmp_path / "g.csv"}])
        run.log_bundle(bundle)
        version = run.register(["domain"], {})
    kept = registry.store.client.get_run(run.run_id)
    told = [kept.data.to_dictionary(), kept.inputs.to_dictionary(), dict(version.tags), kept.info.user_id]
    files = [path for path in artifacts(registry, run).rglob("*") if path.is_file()]
    text = json.dumps(told, ensure_ascii=False) + "".join(path.read_text("utf-8") for path in files)
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
    assert kept.info.user_id != getpass.getuser()
    assert sys.argv[0] not in text
    assert socket.gethostname() not in text


CONNECTIONS = """
import sys
seen = []
sys.addaudithook(lambda event, args: seen.append(args) if event in ("socket.connect", "socket.getaddrinfo") else None)
from pathlib import Path
from models.mlflow_store import import_mlflow
from models.registry import Registry
from training.tracking import Tracker
home = Path(sys.argv[1])
registry = Registry.under(home, lambda bundle: None)
with Tracker(registry).run("offline") as run:
    run.log_recipe({"seed": 7})
    run.log_bundle(home / "fit")
    run.register(["domain"], {})
registry.promote("challenger", "li", "first")
assert not seen, seen
"""


def test_training_and_promotion_open_no_connection(bundle, tmp_path):
    signs_of_ci = ("CI", "PYTEST_CURRENT_TEST", "GITHUB_ACTIONS", "GITLAB_CI")  # under which MLflow is quiet anyway
    subprocess.run(
        [sys.executable, "-c", CONNECTIONS, str(tmp_path)],
        check=True,
        cwd=Path(__file__).parents[2],
        env={key: value for key, value in os.environ.items() if key not in signs_of_ci},
    )


@pytest.fixture
def server(tmp_path):
    """A real tracking server on loopback, with its own store and artifacts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path / "server.log").open("w")
    place = tmp_path / "server"
    place.mkdir()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            *("--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "artifacts"),
        ],
        cwd=place,
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=log,
        stderr=log,
    )
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (tmp_path / "server.log").read_text()
            time.sleep(0.1)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def test_machines_share_a_server_and_keep_their_champion_when_it_goes_away(server, bundle, tmp_path):
    process, address = server
    name = "complaint-triage"
    trainer = Registry.under(tmp_path / "trainer", verify, address)
    with Tracker(trainer).run("remote") as run:
        run.log_recipe({"seed": 7})
        run.log_picture("confusion", png(Figure()))
        run.log_bundle(bundle)
        run.register(["domain"], {"domain/accuracy": 0.9})
    trainer.promote("challenger", "li", "first")
    intake = Registry.under(tmp_path / "intake", verify, address)
    champion = intake.resolve(f"{name}@champion")
    verify(intake.fetch(champion))
    assert [change.actor for change in intake.history()] == ["li"]
    assert not (tmp_path / "trainer" / "artifacts").exists()
    process.terminate()
    process.wait(20)
    restarted = Registry.under(tmp_path / "intake", verify, address)
    with pytest.raises(RegistryUnavailable, match="does not answer"):
        restarted.resolve()
    known = restarted.last_known_champion()
    assert (known.model, verify(known.path)) == (champion.model, None)
