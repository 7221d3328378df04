"""Which version is served."""

import logging
import subprocess
import sys

import pytest

from features.complaint import Complaint
from models.bundle import BundleDamaged, verify_bundle
from models.registry import BUNDLE_IN_MODEL, Registry
from models.versions import RegistryUnavailable, UnknownVersion, VersionDamaged
from serving.champion import load_champion
from serving.settings import Settings

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")


@pytest.fixture(scope="session")
def store_home(tmp_path_factory):
    """One MLflow store for all of these: to make one takes seconds."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def settings(store_home, tmp_path):
    """Settings with a registered model of their own."""
    return Settings(home=store_home, model_name=f"triage-{tmp_path.name}")


@pytest.fixture
def register(settings, tiny_bundle):
    """Register the tiny bundle as a further version."""
    registry = Registry.under(settings.home, verify_bundle, None, settings.model_name)

    def register():
        client = registry.store.client
        found = client.get_experiment_by_name(registry.name)
        place = registry.store.artifact_root.as_uri()
        experiment = found.experiment_id if found else client.create_experiment(registry.name, place)
        run_id = client.create_run(experiment).info.run_id
        client.log_artifacts(run_id, str(tiny_bundle), f"model/{BUNDLE_IN_MODEL}")
        return registry.register(run_id, "model", {"targets": "domain,office"})

    register.registry = registry
    return register


def copy_of(register):
    return register.registry.last_known_champion().path


def test_the_champion_answers_under_its_name_and_number(settings, register, tiny_complaints):
    register()
    register.registry.promote(str(register().number), "tester", "")
    model = load_champion(settings)
    assert (model.version.name, model.version.version) == (settings.model_name, "2")
    text, domain, _ = tiny_complaints[0]
    assert model.triage(Complaint(text)).domain.code == domain


def test_without_a_champion_the_error_says_how_to_get_one(settings, register, tmp_path):
    with pytest.raises(UnknownVersion, match="paidan train"):
        load_champion(Settings(home=tmp_path / "empty"))
    register()
    with pytest.raises(UnknownVersion, match="paidan models promote 1"):
        load_champion(settings)


def test_another_alias_can_be_served(settings, register):
    version = register()
    register.registry.set_alias("challenger", version.number)
    assert load_champion(settings.model_copy(update={"model_alias": "challenger"})).version.version == "1"


def test_a_start_from_the_local_copy_imports_nothing_that_only_training_needs(settings, register):
    register.registry.promote(str(register().number), "tester", "")
    program = (
        "import sys; from pathlib import Path; import serving.serve; from serving.champion import load_champion; "
        "from serving.settings import Settings; "
        f"print(load_champion(Settings(home=Path({str(settings.home)!r}), model_name={settings.model_name!r})).version); "
        "sys.exit(', '.join(sys.modules.keys() & {'mlflow', 'sklearn', 'pandas', 'scipy.optimize', 'alembic'}) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "version='1'" in done.stdout


@pytest.mark.parametrize("damage", ["altered", "missing", "format"])
def test_a_damaged_local_copy_is_fetched_again(damage, settings, register, caplog):
    register.registry.promote(str(register().number), "tester", "")
    place = copy_of(register)
    if damage == "altered":
        (place / "bias.npy").write_bytes(b"\x00" * 100)
    elif damage == "missing":
        (place / "weights.npy").unlink()
    else:
        (place / "manifest.json").write_text('{"format": 99}')
    with caplog.at_level(logging.WARNING):
        assert load_champion(settings).version.version == "1"
    assert "must not be used" in caplog.text
    assert verify_bundle(place)


def test_a_version_that_is_damaged_everywhere_is_not_served(settings, register):
    version = register()
    register.registry.promote(str(version.number), "tester", "")
    kept = register.registry.store.artifact_root / version.run_id / "artifacts" / "model" / BUNDLE_IN_MODEL
    for place in (kept, copy_of(register)):
        (place / "bias.npy").write_bytes(b"")
    with pytest.raises(VersionDamaged, match=r"bias\.npy differs"):
        load_champion(settings)


def test_a_registry_that_does_not_answer_leaves_the_last_good_version_serving(settings, register, tmp_path, caplog):
    register.registry.promote(str(register().number), "tester", "")
    away = tmp_path / "away.db"
    away.write_bytes(b"this is no database")
    elsewhere = settings.model_copy(update={"tracking_uri": f"sqlite:///{away}"})
    with caplog.at_level(logging.WARNING):
        assert load_champion(elsewhere).version.version == "1"
    assert "serving the local copy of version 1" in caplog.text
    with pytest.raises(RegistryUnavailable):
        load_champion(elsewhere.model_copy(update={"home": tmp_path / "nothing here"}))
    (copy_of(register) / "bias.npy").write_bytes(b"")
    with pytest.raises(BundleDamaged):
        load_champion(elsewhere)
