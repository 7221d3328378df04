"""A training run that first searches for a recipe, on a real MLflow store."""

import contextlib
import csv
import json
import os
import signal
import sqlite3

import pytest

from models.bundle import verify_bundle
from models.registry import Registry
from models.versions import CHALLENGER
from paidan_progress import interruptible
from training.gate.errors import RowsTooFew
from training.recipe import Recipe
from training.run import train
from training.tracking import Tracker
from training.tuning.search import SEARCHED, Tuning

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = [
    pytest.mark.usefixtures("quick_training"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def registry(home):
    return Registry.under(home, verify_bundle)


def written(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "domain", "office"), *rows])
    return path


@pytest.fixture(scope="module")
def data_file(tiny_complaints, tmp_path_factory):
    return written(tmp_path_factory.mktemp("private-folder") / "complaints.csv", tiny_complaints)


@pytest.fixture(scope="module")
def train_on(registry, lexicon):
    def train_on(path, tuning):
        return train(
            [path], {}, Recipe(folds=2), Tracker(registry), lexicon, lambda *_: None, lambda _: None, tuning=tuning
        )

    return train_on


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def tuned(train_on, data_file, told):
    return train_on(data_file, Tuning(trials=3, on_trial=told.append))


@pytest.fixture(scope="module")
def trials(registry, tuned):
    """The nested runs, in the order in which they were made."""
    client = registry.store.client
    experiment = client.get_experiment_by_name(registry.name).experiment_id
    nested = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{tuned.version.run_id}'")
    return sorted(nested, key=lambda run: int(run.info.run_name.split()[-1]))


def test_each_trial_is_a_run_within_the_run(trials, told, tuned):
    assert [run.info.run_name for run in trials] == ["trial 1", "trial 2", "trial 3"]
    assert len(told) == 3
    for run, trial in zip(trials, tuned.search.trials, strict=True):
        assert run.info.status == "FINISHED"
        assert run.data.tags["state"] == trial.state
        assert {name: run.data.params[name] for name in SEARCHED} == {
            name: str(getattr(trial.recipe, name)) for name in SEARCHED
        }
        for head in ("domain", "office"):
            for figure in ("accuracy", "macro_f1", "ece"):
                assert run.data.metrics[f"{head}/{figure}"] == pytest.approx(trial.figures()[f"{head}/{figure}"])
        assert run.data.metrics["folds"] == 3
        assert run.data.metrics["seconds"] > 0
        assert (run.info.end_time - run.info.start_time) / 1000 >= trial.seconds - 0.01


def test_the_version_is_of_the_recipe_that_was_found(registry, tuned):
    info = registry.resolve(CHALLENGER)
    about = verify_bundle(registry.fetch(info))["about"]
    run = registry.store.client.get_run(tuned.version.run_id)
    assert about["recipe"] == tuned.search.recipe.to_params()
    assert run.data.params["c"] == str(tuned.search.recipe.c)
    assert about["search"]["trials"] == 3
    assert about["search"]["default"]["score"] == pytest.approx(tuned.search.trials[0].score)
    assert set(about["search"]["best_recipe"]) == set(SEARCHED)
    artifacts = registry.store.artifact_root / tuned.version.run_id / "artifacts"
    assert json.loads((artifacts / "search.json").read_text(encoding="utf-8")) == about["search"]
    assert "寻优" in (artifacts / "search.txt").read_text(encoding="utf-8")
    card = (artifacts / "card.html").read_text(encoding="utf-8")
    assert (
        f'3 次试验 <span class="en">trials</span>，默认配方 <span class="en">default</span> {tuned.search.trials[0].score:.4f}'
        in card
    )


def test_the_search_asks_about_no_row_that_the_figures_come_from(tuned):
    asked = sum(len(said.truth) for said in [tuned.search.trials[0].outcomes["domain"]])
    assert asked == tuned.gate.train_rows
    groups = {*tuned.search.trials[0].outcomes["domain"].groups.tolist()}
    assert not groups & {*tuned.held_out["domain"].groups.tolist()}


def test_trials_keep_nothing_that_quotes_a_complaint_or_tells_of_the_machine(
    trials, registry, home, data_file, tiny_complaints
):
    secrets = [text[:12] for text, *_ in tiny_complaints] + [data_file.parent.name]
    for run in trials:
        for path in (registry.store.artifact_root / run.info.run_id).rglob("*"):
            if path.is_file():
                content = path.read_text(encoding="utf-8")
                assert not [secret for secret in secrets if secret in content], path
    with contextlib.closing(sqlite3.connect(home / "mlflow.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = "\n".join(str(row) for table in tables for row in database.execute(f'SELECT * FROM "{table}"'))
    assert not [secret for secret in secrets if secret in kept]


def test_ctrl_c_ends_the_search_and_the_version_is_trained_with_the_best_so_far(train_on, data_file, registry):
    trials = []

    def impatient(trial):
        trials.append(trial)
        if len(trials) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    trained = train_on(data_file, Tuning(trials=9, watch=interruptible, on_trial=impatient))
    assert [trial.state for trial in trials] == ["complete", "stopped"]
    assert trained.search.recipe == Recipe(folds=2)
    assert registry.resolve(CHALLENGER).number == trained.version.number
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_in_the_middle_of_a_fit_ends_the_search_within_it(train_on, data_file):
    looks = []

    def after_a_while():
        looks.append(1)
        return len(looks) > 8

    trained = train_on(data_file, Tuning(trials=9, watch=lambda: contextlib.nullcontext(after_a_while)))
    assert [trial.state for trial in trained.search.trials] == ["stopped"]
    assert len(looks) == 9
    assert "the default is used" in trained.search.sentence


def test_a_second_ctrl_c_is_what_it_always_is(capsys):
    with interruptible() as stopped:
        assert not stopped()
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert "训练" in capsys.readouterr().err


def test_too_few_rows_are_refused_before_a_run_is_opened(train_on, tiny_complaints, tmp_path, registry):
    client = registry.store.client
    experiments = [each.experiment_id for each in client.search_experiments()]
    runs = len(client.search_runs(experiments))
    with pytest.raises(RowsTooFew, match="paidan train"):
        train_on(written(tmp_path / "few.csv", tiny_complaints[::3]), Tuning(trials=2))
    assert len(client.search_runs(experiments)) == runs
