"""The registry on a real MLflow store."""

import json
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.copies import LocalCopies
from models.history import ChangeKind, read_changes
from models.mlflow_store import MlflowStore
from models.registry import BUNDLE_IN_MODEL, Registry
from models.versions import (
    NoPreviousChampion,
    RegistryUnavailable,
    UnknownVersion,
    VersionDamaged,
    parse_reference,
)

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")


def verify(bundle):
    if json.loads((bundle / "manifest.json").read_text())["sound"] is not True:
        raise ValueError("weights.npy differs from its digest")


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """One SQLite store for all: to make one takes seconds."""
    return MlflowStore.under(tmp_path_factory.mktemp("家 home"))


@pytest.fixture
def registry(store, tmp_path):
    return Registry(store, LocalCopies(tmp_path / "bundles", verify), name=f"triage-{uuid.uuid4().hex[:8]}")


def log_bundle(registry, tmp_path, *, sound=True):
    """Log a stand-in bundle the way a training run does; return the run's id."""
    client = registry.store.client
    found = client.get_experiment_by_name(registry.name)
    experiment = (
        found.experiment_id if found else client.create_experiment(registry.name, registry.store.artifact_root.as_uri())
    )
    run_id = client.create_run(experiment).info.run_id
    bundle = tmp_path / run_id
    bundle.mkdir()
    (bundle / "manifest.json").write_text(json.dumps({"sound": sound, "run": run_id}))
    client.log_artifacts(run_id, str(bundle), f"model/{BUNDLE_IN_MODEL}")
    return run_id


def register(registry, tmp_path, **kind):
    return registry.register(
        log_bundle(registry, tmp_path, **kind), "model", {"targets": "domain", "metric.ece": "0.03"}
    )


def stored_manifest(registry, version):
    artifacts = registry.store.artifact_root / version.run_id / "artifacts"
    return artifacts / "model" / BUNDLE_IN_MODEL / "manifest.json"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("complaint-triage@champion", "champion"),
        ("models:/complaint-triage@challenger", "challenger"),
        ("champion", "champion"),
        ("complaint-triage", "champion"),
        ("complaint-triage/3", 3),
        ("models:/complaint-triage/3", 3),
        ("3", 3),
        ("v3", 3),
        (" 3 ", 3),
        ("another-model@champion", None),
        ("another-model/3", None),
        ("complaint-triage@", None),
        ("", None),
    ],
)
def test_a_version_is_named_by_number_or_alias(written, meant):
    assert parse_reference(written) == meant


def test_the_module_is_imported_without_mlflow_and_asks_nothing_of_a_home_that_is_empty(tmp_path):
    script = (
        "import sys; from pathlib import Path; from models.registry import Registry\n"
        "registry = Registry.under(Path(sys.argv[1]), print)\n"
        "assert registry.versions() == [] and registry.history() == () and registry.last_known_champion() is None\n"
        "assert 'mlflow' not in sys.modules and not list(Path(sys.argv[1]).iterdir())\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, cwd=Path(__file__).parents[2])


def test_a_registered_version_tells_its_run_targets_and_figures(registry, tmp_path):
    before = datetime.now(UTC) - timedelta(seconds=1)
    version = register(registry, tmp_path)
    assert (version.number, version.targets, version.metrics) == (1, ("domain",), {"ece": 0.03})
    assert before < version.created_at < datetime.now(UTC) + timedelta(seconds=1)
    assert version.model.version == "1"
    assert registry.versions() == [version]


def test_versions_are_listed_newest_first_with_their_aliases(registry, tmp_path):
    for _ in range(3):
        register(registry, tmp_path)
    registry.set_alias("challenger", 3)
    registry.promote("2", "li", "better")
    assert [(v.number, v.aliases) for v in registry.versions()] == [(3, ("challenger",)), (2, ("champion",)), (1, ())]


def test_an_unknown_version_is_refused_with_what_there_is_and_the_way_out(registry, tmp_path):
    with pytest.raises(UnknownVersion, match=r"none yet.*paidan train"):
        registry.resolve("champion")
    registry.set_alias("challenger", register(registry, tmp_path).number)
    with pytest.raises(UnknownVersion, match=r"'champion'.*there are: 1 \(challenger\).*paidan models promote 1"):
        registry.resolve()
    with pytest.raises(UnknownVersion, match=r"'7'.*paidan models list"):
        registry.resolve("7")
    with pytest.raises(UnknownVersion, match="another-model"):
        registry.resolve("another-model/1")


def test_a_fetched_bundle_is_used_without_mlflow_from_then_on(registry, tmp_path):
    version = register(registry, tmp_path)
    place = registry.fetch(version)
    assert json.loads((place / "manifest.json").read_text())["run"] == version.run_id
    away = Registry(MlflowStore("http://127.0.0.1:9", tmp_path), registry.copies, registry.name)
    assert away.fetch(version) == place


def test_promotion_is_recorded_with_who_and_why(registry, tmp_path):
    register(registry, tmp_path)
    change = registry.promote("1", "李审核", "首个版本")
    assert (change.kind, change.actor, change.reason) == (ChangeKind.PROMOTE, "李审核", "首个版本")
    assert (change.previous, change.version) == (None, 1)
    assert registry.resolve().number == 1
    assert registry.history() == (change,)


def test_the_history_is_read_without_mlflow_as_mlflow_has_it(registry, tmp_path):
    """It reads MLflow's own tables: a new MLflow that has others is noticed here."""
    for number, reason in (("1", "首个"), ("2", "更好")):
        register(registry, tmp_path)
        registry.promote(number, "li", reason, gate="office +0.01")
    tags = registry.store.client.get_registered_model(registry.name).tags
    assert registry.history() == read_changes(tags)
    assert [change.reason for change in registry.history()] == ["首个", "更好"]
    script = (
        "import sys; from pathlib import Path; from models.registry import Registry\n"
        "from models.mlflow_store import MlflowStore\n"
        "store = MlflowStore(sys.argv[1], Path(sys.argv[2]))\n"
        "assert len(Registry(store, None, sys.argv[3]).history()) == 2\n"
        "assert 'mlflow' not in sys.modules\n"
    )
    arguments = (registry.store.tracking_uri, str(tmp_path), registry.name)
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, cwd=Path(__file__).parents[2])


def test_promoting_the_champion_again_writes_nothing(registry, tmp_path):
    register(registry, tmp_path)
    first = registry.promote("1", "li", "first")
    assert registry.promote("champion", "wang", "again") == first
    assert len(registry.history()) == 1


def test_a_damaged_version_is_refused_and_the_champion_stays(registry, tmp_path):
    register(registry, tmp_path)
    registry.promote("1", "li", "first")
    register(registry, tmp_path, sound=False)
    with pytest.raises(VersionDamaged, match="differs from its digest"):
        registry.promote("2", "li", "newer")
    assert registry.resolve().number == 1
    assert registry.last_known_champion().model.version == "1"


def test_damage_in_the_registry_is_found_though_a_sound_copy_is_here(registry, tmp_path):
    version = register(registry, tmp_path)
    registry.fetch(version)
    stored_manifest(registry, version).write_text("{}")
    with pytest.raises(VersionDamaged):
        registry.promote("1", "li", "first")


def test_a_version_whose_bundle_is_gone_is_damaged(registry, tmp_path):
    version = register(registry, tmp_path)
    stored_manifest(registry, version).unlink()
    stored_manifest(registry, version).parent.rmdir()
    with pytest.raises(VersionDamaged, match=version.run_id):
        registry.fetch(version)


def test_rollback_returns_to_the_champion_before_and_further(registry, tmp_path):
    for number in "123":
        register(registry, tmp_path)
        registry.promote(number, "li", "newer")
    assert registry.rollback("li", "misroutes").version == 2
    assert registry.rollback("li", "worse still").version == 1
    assert registry.last_known_champion().model.version == "1"
    with pytest.raises(NoPreviousChampion):
        registry.rollback("li", "once more")


def test_the_history_tells_which_version_was_live_then(store, tmp_path):
    now = [datetime(2026, 10, 3, 14, tzinfo=UTC)]
    copies = LocalCopies(tmp_path / "bundles", verify)
    registry = Registry(store, copies, f"triage-{uuid.uuid4().hex[:8]}", clock=lambda: now[0])
    for number in "12":
        register(registry, tmp_path)
        registry.promote(number, "li", "newer")
        now[0] += timedelta(days=1)
    assert registry.champion_at(datetime(2026, 10, 3, 13, tzinfo=UTC)) is None
    assert registry.champion_at(datetime(2026, 10, 3, 14, tzinfo=UTC)) == 1
    assert registry.champion_at(datetime(2026, 10, 9, tzinfo=UTC)) == 2


def test_an_alias_moved_by_other_means_shows_in_the_history(registry, tmp_path):
    for _ in range(3):
        register(registry, tmp_path)
    registry.promote("1", "li", "first")
    registry.store.client.set_registered_model_alias(registry.name, "champion", "2")
    registry.promote("3", "li", "newer")
    assert [(c.kind, c.previous, c.version) for c in registry.history()] == [
        (ChangeKind.PROMOTE, None, 1),
        (ChangeKind.OUTSIDE, 1, 2),
        (ChangeKind.PROMOTE, 2, 3),
    ]


def test_a_promotion_whose_note_was_lost_is_noted_when_promoted_again(registry, tmp_path):
    for _ in range(2):
        register(registry, tmp_path)
    registry.promote("1", "li", "first")
    registry.store.client.set_registered_model_alias(registry.name, "champion", "2")
    change = registry.promote("2", "li", "newer")
    assert (change.previous, change.version) == (1, 2)
    assert len(registry.history()) == 2


def test_two_machines_see_one_history(registry, tmp_path):
    other = Registry(
        MlflowStore(registry.store.tracking_uri, registry.store.artifact_root),
        LocalCopies(tmp_path / "elsewhere", verify),
        registry.name,
    )
    register(registry, tmp_path)
    register(registry, tmp_path)
    registry.promote("1", "li", "first")
    other.promote("2", "wang", "newer")
    assert [change.actor for change in registry.history()] == ["li", "wang"]
    assert registry.rollback("li", "misroutes").version == 1
    assert other.resolve().number == 1


def test_the_pointer_follows_the_alias_when_the_champion_is_fetched(registry, tmp_path):
    for number in "12":
        register(registry, tmp_path)
        registry.promote(number, "li", "newer")
    other = Registry(registry.store, LocalCopies(tmp_path / "elsewhere", verify), registry.name)
    other.fetch(other.resolve("1"))
    assert other.last_known_champion() is None
    other.fetch(other.resolve())
    assert other.last_known_champion().model.version == "2"


def test_the_champion_is_not_moved_past_the_history(registry, tmp_path):
    register(registry, tmp_path)
    with pytest.raises(ValueError, match="promote"):
        registry.set_alias("champion", 1)


def test_a_file_that_is_no_database_is_said_to_be_one_at_once(tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database at all, whatever its name says")
    with pytest.raises(RegistryUnavailable, match=r"mlflow\.db"):
        Registry.under(tmp_path, verify).versions()


def test_a_server_that_is_away_is_named_without_its_password(tmp_path):
    registry = Registry.under(tmp_path, verify, "http://triage:secret@127.0.0.1:9")
    with pytest.raises(RegistryUnavailable) as away:
        registry.resolve()
    assert "127.0.0.1:9" in str(away.value)
    assert "secret" not in str(away.value)
