"""A whole training run on a real MLflow store: what it keeps, and what it keeps to itself."""

import base64
import csv
import json
import pickle
import re
import sqlite3
import uuid
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import pytest

from auditing.figures.profile import Profile
from features.complaint import Complaint
from models.bundle import verify_bundle
from models.charter.demo import demo_charter
from models.charter.trust import SHIPPED, Match
from models.copies import LocalCopies
from models.mlflow_store import MlflowStore, import_mlflow
from models.prediction import ModelVersion
from models.registry import Registry
from models.triage import TriageModel
from models.versions import CHALLENGER, CHAMPION
from serving.champion import load_champion
from serving.settings import Settings
from training.gate.errors import ClassesTooFew
from training.recipe import Recipe
from training.run import train
from training.tracking import Tracker

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")

MERCHANT, ADDRESS, TITLE = "惠民生鲜连锁二店", "东亭街道望江路一百零八号", "要求尽快处理一下"


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("a home of its own")


@pytest.fixture(scope="session")
def registry(home):
    return Registry.under(home, verify_bundle)


@pytest.fixture(scope="session")
def told(tiny_complaints):
    """Rows with every column: (title, text, merchant, address, domain, office), two of them without a label."""
    rows = [(TITLE, text, MERCHANT, ADDRESS, domain, office) for text, domain, office in tiny_complaints]
    rows[0] = (*rows[0][:4], "", rows[0][5])
    rows[1] = (*rows[1][:5], "")
    return rows


@pytest.fixture(scope="session")
def data_file(told, tmp_path_factory):
    path = tmp_path_factory.mktemp("private-folder") / "complaints.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("title", "text", "merchant", "address", "domain", "office"))
        writer.writerows(told)
    return path


@pytest.fixture(scope="session")
def steps():
    return []


@pytest.fixture(scope="session")
def trained(registry, data_file, lexicon, steps):
    """One run from a file to a registered version, and its gate report as it was shown."""
    return train(
        [data_file],
        {},
        Recipe(folds=2),
        Tracker(registry),
        lexicon,
        lambda *step: steps.append(step),
        steps.append,
        demo_charter(),
    )


@pytest.fixture(scope="session")
def run(registry, trained):
    return registry.store.client.get_run(trained.version.run_id)


@pytest.fixture(scope="session")
def artifacts(registry, trained):
    return registry.store.artifact_root / trained.version.run_id / "artifacts"


def test_a_run_ends_with_a_version_that_the_challenger_points_at(registry, trained):
    assert trained.version.number == 1
    assert registry.resolve(CHALLENGER).number == 1
    assert trained.version.targets == ("domain", "office")
    assert trained.version.metrics["domain/accuracy"] == pytest.approx(
        trained.held_out["domain"].headline()["accuracy"], abs=1e-5
    )


def test_the_run_is_finished_and_keeps_recipe_metrics_and_data_set(run, trained):
    assert run.info.status == "FINISHED"
    assert run.data.params["seed"] == "0"
    assert run.data.params["auto"] == "maximum coverage @ precision >= 0.95"
    for target in ("domain", "office"):
        for figure in (
            "accuracy",
            "macro_f1",
            "top3",
            "ece",
            "coverage_at_target",
            "majority_accuracy",
            "keywords_accuracy",
            "keywords_accuracy_low",
            "over_keywords_accuracy",
            "over_keywords_macro_f1_high",
        ):
            assert f"{target}/{figure}" in run.data.metrics
    assert "domain/class/FDS/f1" in run.data.metrics
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "complaints.csv"
    assert json.loads(dataset.dataset.profile)["rows"] == 60


def test_the_run_keeps_pictures_tables_policies_the_gate_and_the_bundle(artifacts):
    for target in ("domain", "office"):
        for picture in ("confusion", "reliability", "sweep"):
            content = (artifacts / "pictures" / f"{target}_{picture}.png").read_bytes()
            assert content.startswith(b"\x89PNG")
        with (artifacts / "tables" / f"{target}_sweep.csv").open(encoding="utf-8-sig", newline="") as file:
            thresholds = [float(row["threshold"]) for row in csv.DictReader(file)]
        assert all(a < b for a, b in pairwise(thresholds))
        with (artifacts / "tables" / f"{target}_slices.csv").open(encoding="utf-8-sig", newline="") as file:
            slices = list(csv.DictReader(file))
        assert {each["by"] for each in slices} == {"length", "class_size"}
        figures = json.loads((artifacts / "figures.json").read_text(encoding="utf-8"))[target]
        assert figures["slices"][0]["name"] == slices[0]["name"]
        assert sum(int(each["rows"]) for each in slices if each["by"] == "length") == figures["rows"]
        policy = json.loads((artifacts / f"{target}_policy.json").read_text(encoding="utf-8"))
        assert policy["suggest"] == "confidence >= 0.20"
    gate = json.loads((artifacts / "gate.json").read_text(encoding="utf-8"))
    assert gate["rows"] == 60
    assert "重复" in (artifacts / "gate.txt").read_text(encoding="utf-8")
    assert json.loads((artifacts / "figures.json").read_text(encoding="utf-8"))["domain"]["rows"] > 0
    assert verify_bundle(artifacts / "model" / "data" / "bundle")


def test_the_run_keeps_a_model_card_that_opens_without_a_network(artifacts):
    page = (artifacts / "card.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    for target in ("domain", "office"):
        assert f'<span class="en">{target}</span>' in page
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == 6
    assert all(base64.b64decode(each, validate=True).startswith(b"\x89PNG") for each in pictures)
    assert "complaints.csv" in page
    assert "macro_f1" in page
    figures = json.loads((artifacts / "figures.json").read_text(encoding="utf-8"))
    assert f"{figures['domain']['accuracy']:.3f}" in page
    assert f"{figures['domain']['over_keywords_accuracy_low']:.3f} – " in page
    assert "字数 length：" in page


def test_the_manifest_tells_where_the_version_came_from(artifacts, trained):
    manifest = verify_bundle(artifacts / "model" / "data" / "bundle")
    about = manifest["about"]
    assert about["data"]["files"] == ["complaints.csv"]
    assert about["data"]["rows"] == 60
    assert re.fullmatch("[0-9a-f]{64}", about["data"]["digest"])
    assert about["recipe"]["folds"] == 2
    assert about["split"] == trained.split
    assert set(about["held_out"]) == {"domain", "office"}


def test_the_manifest_has_the_trust_in_the_charter_that_was_given(artifacts):
    trust = verify_bundle(artifacts / "model" / "data" / "bundle")["about"]["trust"]
    assert trust["charter"] == demo_charter().digest
    assert set(trust["weights"]) == {match.name.lower() for match in Match}
    assert list(trust["weights"].values()) != list(SHIPPED)
    # the tiers of combined answers stand beside those of the head alone
    assert trust["policy"]["auto"] == "maximum coverage @ precision >= 0.95"
    assert trust["policy"]["thresholds"].keys() == manifest_thresholds(artifacts).keys()


def manifest_thresholds(artifacts):
    heads = verify_bundle(artifacts / "model" / "data" / "bundle")["heads"]
    return next(head["policy"]["thresholds"] for head in heads if head["target"] == "office")


def test_the_manifest_has_the_profile_that_later_days_are_compared_with(artifacts):
    about = verify_bundle(artifacts / "model" / "data" / "bundle")["about"]
    profile = Profile.from_manifest(about["profile"])
    assert profile.rows > 0
    for target in ("domain", "office"):
        assert sum(profile.labels[target].values()) == profile.rows
        assert all(0 <= value <= 1 for value in profile.confidence[target])
    assert len(profile.length) == profile.rows
    assert all(0 <= share <= 1 for share in profile.unknown)
    assert 0 < sum(profile.pairs.values()) <= 60


def test_labels_of_ours_bear_our_names_though_some_rows_have_none(artifacts):
    domain, office = verify_bundle(artifacts / "model" / "data" / "bundle")["heads"]
    assert domain["names"]["FDS"] != "FDS"
    assert office["names"]["T01"] != "T01"
    assert "" not in domain["names"] | office["names"]
    assert "" not in domain["classes"] + office["classes"]


def test_the_gate_is_shown_before_anything_is_learnt_and_steps_are_told(trained, steps):
    assert steps[0] is trained.gate
    assert steps[1][0].startswith("held out: ")
    assert steps[-1][0] == "final fit"


def all_that_mlflow_keeps(registry, home, trained):
    """(where, bytes) of each artifact, unpacked, and of each cell of its database."""
    root = registry.store.artifact_root / trained.version.run_id
    for path in sorted(root.rglob("*")):
        # the lexicon's numbers say nothing, and there are millions of them
        if path.is_file() and not path.name.startswith("trie_"):
            yield path.relative_to(root).as_posix(), path.read_bytes()
    pipelines = joblib.load(root / "artifacts" / "model" / "pipeline.joblib")
    yield "pipeline.joblib, unpacked", pickle.dumps(pipelines)
    with sqlite3.connect(home / "mlflow.db") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield table, "\t".join(map(str, row)).encode()
    database.close()


def test_nothing_that_is_kept_quotes_a_complaint(registry, home, trained, told):
    # the vocabulary holds n-grams of four characters and of two words, no longer pieces
    pieces = [text[:12] for _, text, *_ in told] + [MERCHANT, ADDRESS]
    looked = 0
    for where, content in all_that_mlflow_keeps(registry, home, trained):
        looked += 1
        codec = "utf-32-le" if where.endswith(".npy") else "utf-8"
        assert not [piece for piece in pieces if piece.encode(codec) in content], where
    assert looked > 50


def test_nothing_that_is_kept_tells_of_the_machine(registry, home, trained, data_file):
    """Save for the address of MLflow's own artifact folder, which its database must know."""
    folder = registry.store.artifact_root.as_uri()
    for where, content in all_that_mlflow_keeps(registry, home, trained):
        said = content.replace(folder.encode(), b"").replace(str(registry.store.artifact_root).encode(), b"")
        assert data_file.parent.name.encode() not in said, where
        assert str(home).encode() not in said, where
        assert str(home.parent).encode() not in said, where


def test_a_path_that_is_given_whole_is_kept_as_a_name(run):
    for kept in (run.data.params, run.data.tags):
        for key, value in kept.items():
            assert not re.search(r"(^|[\s\"':=,(\[])/[A-Za-z]", value), (key, value)


def test_the_pipeline_beside_the_bundle_answers_as_the_bundle_does(artifacts, tiny_complaints):
    pipelines = joblib.load(artifacts / "model" / "pipeline.joblib")
    model = TriageModel.load(artifacts / "model" / "data" / "bundle", ModelVersion("m", "1"))
    complaints = [Complaint(text, title=TITLE) for text, *_ in tiny_complaints]
    found = model.score_many(complaints).probabilities
    theirs = np.hstack([pipeline.predict_proba(complaints) for pipeline in pipelines.values()])
    np.testing.assert_allclose(found, theirs, atol=1e-5)


def test_the_version_is_a_pyfunc_too(registry, trained, tiny_complaints):
    mlflow = import_mlflow()
    loaded = mlflow.pyfunc.load_model(
        str(registry.store.artifact_root / trained.version.run_id / "artifacts" / "model")
    )
    answers = loaded.predict(pd.DataFrame({"text": [text for text, *_ in tiny_complaints[:6]]}))
    assert answers["domain"].notna().any()
    assert loaded.metadata.signature is not None


def test_a_promoted_version_is_the_champion_and_is_served(registry, home, trained, tiny_complaints):
    change = registry.promote(CHALLENGER, "tester", "first")
    assert (change.previous, change.version) == (None, 1)
    assert registry.resolve(CHAMPION).number == 1
    model = load_champion(Settings(home=home))
    assert (model.version.name, model.version.version) == ("complaint-triage", "1")
    answered = [model.triage(Complaint(text)).domain.code for text, *_ in tiny_complaints]
    assert np.mean([code == domain for code, (_, domain, _) in zip(answered, tiny_complaints, strict=True)]) > 0.8


def test_a_refused_file_leaves_no_run_and_no_version(lexicon, data_file, tmp_path, told, registry):
    path = tmp_path / "one class.csv"
    path.write_text("text,domain\n" + "".join(f"{text},FDS\n" for _, text, *_ in told), encoding="utf-8")
    fresh = Registry(registry.store, LocalCopies(tmp_path / "copies", verify_bundle), f"m-{uuid.uuid4().hex[:6]}")
    with pytest.raises(ClassesTooFew):
        train([path], {}, Recipe(), Tracker(fresh), lexicon, lambda *_: None, lambda _: None)
    assert fresh.versions() == []
    assert registry.store.client.get_experiment_by_name(fresh.name) is None


def test_a_run_that_breaks_is_kept_as_failed_without_a_version(lexicon, data_file, tmp_path, registry):
    fresh = Registry(registry.store, LocalCopies(tmp_path / "copies", verify_bundle), f"m-{uuid.uuid4().hex[:6]}")

    def breaks(step, done, of):
        if step == "final fit":
            raise OSError(f"no space left: {data_file}")

    with pytest.raises(OSError, match="no space"):
        train([data_file], {}, Recipe(folds=2), Tracker(fresh), lexicon, breaks, lambda _: None)
    assert fresh.versions() == []
    client = registry.store.client
    (failed,) = client.search_runs([client.get_experiment_by_name(fresh.name).experiment_id])
    assert failed.info.status == "FAILED"
    assert failed.data.tags["failure"] == "OSError"


@pytest.mark.parametrize("rows", [4, 8])
def test_a_handful_of_rows_is_enough_for_a_version(rows, lexicon, tmp_path, told, registry):
    few = told[2 : 2 + rows // 2] + told[30 : 30 + rows // 2]
    path = tmp_path / "few.csv"
    path.write_text("text,domain\n" + "".join(f"{row[1]},{row[4]}\n" for row in few), encoding="utf-8")
    fresh = Registry(registry.store, LocalCopies(tmp_path / "copies", verify_bundle), f"m-{uuid.uuid4().hex[:6]}")
    trained = train([path], {}, Recipe(), Tracker(fresh), lexicon, lambda *_: None, lambda _: None)
    assert trained.version.targets == ("domain",)
    assert TriageModel.load(fresh.fetch(trained.version), trained.version.model).targets == ("domain",)


def test_a_store_that_was_never_made_has_no_versions(tmp_path):
    assert MlflowStore.under(tmp_path).database.exists() is False
    assert Registry.under(tmp_path, verify_bundle).versions() == []
