"""A running service follows the alias, and nobody notices."""

import asyncio
import logging
import shutil
import weakref
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from auditing.log.caselog import CaseLog
from auditing.people.keys import KeyRing
from auditing.store.database import open_engine
from models.bundle import verify_bundle
from models.prediction import ModelVersion
from models.registry import BUNDLE_IN_MODEL, Registry
from models.versions import UnknownVersion
from serving.beside.following import Follower, State
from serving.champion import REGISTRY, load_champion, version_of
from serving.metrics import Metrics
from serving.serve import build_app
from serving.service import TriageService
from serving.settings import Settings

pytestmark = [
    pytest.mark.anyio,
    # MLflow 3.17 on SQLAlchemy 2.1
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="session")
def store_home(tmp_path_factory):
    """One MLflow store for all of these: to make one takes seconds."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def settings(store_home, tmp_path):
    """Settings with a registered model and a case log of their own."""
    return Settings(
        home=store_home,
        model_name=f"triage-{tmp_path.name}",
        database_url=f"sqlite:///{tmp_path}/caselog.db",
        require_keys=False,
        reload_seconds=0.02,
        model_retry_seconds=0.05,
        shadow_alias="",
    )


@pytest.fixture
def registry(settings):
    return Registry.under(settings.home, verify_bundle, None, settings.model_name)


@pytest.fixture
def register(registry, tiny_bundle):
    """Register the tiny bundle as a further version, and have its copy here."""

    def register():
        client = registry.store.client
        found = client.get_experiment_by_name(registry.name)
        place = registry.store.artifact_root.as_uri()
        experiment = found.experiment_id if found else client.create_experiment(registry.name, place)
        run_id = client.create_run(experiment).info.run_id
        client.log_artifacts(run_id, str(tiny_bundle), f"model/{BUNDLE_IN_MODEL}")
        version = registry.register(run_id, "model", {"targets": "domain,office"})
        registry.fetch(version)
        return version

    return register


@pytest.fixture
def champion(register, registry):
    """The first version, promoted."""
    return registry.promote(str(register().number), "tester", "first")


@pytest.fixture
def running(settings):
    """Run an application that follows the registry, and give a client of it."""

    def running(settings=settings):
        return _Running(settings)

    return running


class _Running:
    def __init__(self, settings):
        self.app = build_app(settings, load_champion, REGISTRY)

    async def __aenter__(self):
        self.lifespan = self.app.router.lifespan_context(self.app)
        await self.lifespan.__aenter__()
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://service")
        await until(lambda: self.client.get("/readyz"), lambda response: response.status_code == 200)
        return self.client

    async def __aexit__(self, *error):
        await self.client.aclose()
        await self.lifespan.__aexit__(*error)


async def until(ask, good):
    """Ask until the answer is good."""
    async with asyncio.timeout(20):
        while not good(found := await ask()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


async def live(client):
    return (await client.get("/v1/models")).json()["models"][0]["version"]


async def following(client):
    return (await client.get("/v1/models")).json()["following"] or {}


def damage(registry, version):
    """Break a version's bundle in the registry and here."""
    kept = registry.store.artifact_root / version.run_id / "artifacts" / "model" / BUNDLE_IN_MODEL
    for place in (kept, registry.copies.here(version).path):
        (place / "bias.npy").write_bytes(b"")


async def test_a_promoted_version_answers_soon_and_no_request_fails_meanwhile(
    running, register, registry, champion, tiny_complaints
):
    second = register()
    versions, failed, stop = [], [], asyncio.Event()

    async def hammer(client, worker):
        number = 0
        while not stop.is_set():
            number += 1
            ticket = {"source": "12345", "ticket_id": f"{worker}-{number}", "text": tiny_complaints[number % 60][0]}
            response = await client.post("/v1/predict", json=ticket)
            if response.status_code != 200:
                failed.append(response.text)
                continue
            versions.append(response.json()["model"]["version"])
            # the transport never lets go of the loop by itself
            await asyncio.sleep(0)

    async with running() as client:
        hammers = [asyncio.create_task(hammer(client, worker)) for worker in range(8)]
        await until(lambda: asyncio.sleep(0.01, len(versions)), lambda count: count > 50)
        await asyncio.to_thread(registry.promote, str(second.number), "tester", "second")
        await until(lambda: live(client), lambda version: version == "2")
        seen = len(versions)
        await until(lambda: asyncio.sleep(0.01, len(versions)), lambda count: count > seen + 50)
        stop.set()
        await asyncio.gather(*hammers)
        await asyncio.to_thread(registry.rollback, "tester", "back")
        await until(lambda: live(client), lambda version: version == "1")
        figures = (await client.get("/metrics")).text
    assert failed == []
    assert set(versions) == {"1", "2"}
    # one after the other: what began with the old version ends with it, and it is gone then
    assert versions[-20:] == ["2"] * 20
    assert 'paidan_model_reloads_total{result="swapped"} 2.0' in figures
    assert f'paidan_model_info{{name="{registry.name}",version="2"}} 0.0' in figures


async def test_a_version_that_fails_its_checks_leaves_the_old_one_answering_and_everybody_knows(
    running, register, registry, champion, caplog, tiny_complaints
):
    second = register()
    registry.promote(str(second.number), "tester", "second")
    registry.rollback("tester", "so that the first answers")
    async with running() as client:
        assert await live(client) == "1"
        damage(registry, second)
        # past the promotion's own checks, as by somebody in MLflow's own pages
        registry.store.client.set_registered_model_alias(registry.name, "champion", str(second.number))
        with caplog.at_level(logging.ERROR, "serving"):
            said = await until(lambda: following(client), lambda found: found.get("state") == "refused")
            ticket = {"source": "12345", "ticket_id": "T-1", "text": tiny_complaints[0][0]}
            answer = (await client.post("/v1/predict", json=ticket)).json()
            refused = await client.post("/v1/models/reload")
        assert (said["version"], answer["model"]["version"]) == ("2", "1")
        assert (refused.status_code, refused.json()["code"]) == (409, "VERSION_REFUSED")
        assert str(registry.copies.root) not in refused.text
        figures = (await client.get("/metrics")).text
        assert "paidan_model_following_trouble 1.0" in figures
        assert 'paidan_model_reloads_total{result="refused"}' in figures
        # said once, not at every look
        assert caplog.text.count("原版本继续服务") == 1
        registry.promote("1", "tester", "back")
        await until(lambda: following(client), lambda found: found["state"] == "current")
        assert "paidan_model_following_trouble 0.0" in (await client.get("/metrics")).text


async def test_a_registry_that_goes_away_leaves_the_service_as_it_is_and_so_does_a_restart(
    running, settings, register, registry, champion, tmp_path
):
    away = tmp_path / "mlflow.db"
    shutil.copyfile(registry.store.database, away)
    elsewhere = settings.model_copy(update={"tracking_uri": f"sqlite:///{away}"})
    async with running(elsewhere) as client:
        assert await live(client) == "1"
        away.write_bytes(b"this is no database")
        await until(lambda: following(client), lambda found: found.get("state") == "registry_away")
        assert await live(client) == "1"
        reload = await client.post("/v1/models/reload")
        assert (reload.status_code, reload.json()["code"]) == (503, "REGISTRY_UNAVAILABLE")
        assert "retry-after" in reload.headers
    async with running(elsewhere) as client:
        assert await live(client) == "1"
        assert (await until(lambda: following(client), bool))["state"] == "registry_away"


async def test_without_looks_by_itself_it_looks_when_an_administrator_asks(
    running, settings, register, registry, champion
):
    quiet = settings.model_copy(update={"reload_seconds": 0, "require_keys": True})
    second = register()
    async with running(quiet) as client:
        ring = KeyRing(open_engine(quiet.caselog_url))
        keys = {scope: {"x-api-key": ring.create(scope, [scope]).token} for scope in ("predict", "admin")}
        registry.promote(str(second.number), "tester", "second")
        assert (await client.post("/v1/models/reload")).status_code == 401
        assert (await client.post("/v1/models/reload", headers=keys["predict"])).status_code == 403
        assert (await client.get("/v1/models", headers=keys["predict"])).json()["models"][0]["version"] == "1"
        said = (await client.post("/v1/models/reload", headers=keys["admin"])).json()
        assert said["models"][0]["version"] == "2"
        assert said["following"]["state"] == "current"


def test_the_alias_is_read_without_mlflow_as_mlflow_has_it(settings, register, registry, champion):
    """It reads MLflow's own tables: a new MLflow that has others is noticed here."""
    assert version_of(settings, "champion") == ModelVersion(registry.name, "1")
    second = register()
    registry.set_alias("challenger", second.number)
    assert version_of(settings, "challenger") == registry.resolve("challenger").model
    assert registry.named_by("challenger").run_id == second.run_id
    with pytest.raises(UnknownVersion):
        version_of(settings, "nobody")


class TestOneLook:
    """Looks by hand, without a registry: the keyword model under several numbers."""

    @pytest.fixture
    def service(self, tmp_path, keyword_service):
        log = CaseLog.open(f"sqlite:///{tmp_path}/caselog.db", tmp_path / "digest.key")
        service = TriageService(log)
        service.swap(keyword_service.KeywordModel("1"))
        yield service
        log.close()

    @pytest.fixture
    def clock(self):
        return [datetime(2026, 10, 3, tzinfo=UTC)]

    @pytest.fixture
    def follower(self, service, clock):
        def follower(load, named="2"):
            found = ModelVersion("complaint-triage", named)
            return Follower(service, load, lambda: found, Metrics(), now=lambda: clock[0])

        return follower

    async def test_the_old_version_is_let_go(self, service, follower, keyword_service):
        old = weakref.ref(service.live.model)
        assert follower(lambda: keyword_service.KeywordModel("2")).look().state is State.CURRENT
        assert service.live.model.version.version == "2"
        assert old() is None

    async def test_a_version_that_cannot_be_warmed_is_refused(self, service, follower, keyword_service):
        class Broken(keyword_service.KeywordModel):
            def triage(self, complaint):
                raise RuntimeError(complaint.text)

        assert follower(lambda: Broken("2")).look().state is State.REFUSED
        assert service.live.model.version.version == "1"

    async def test_a_refused_version_is_not_loaded_at_every_look_but_again_later_and_when_asked(
        self, service, follower, clock
    ):
        tried = []

        def load():
            tried.append(clock[0])
            raise OSError("disk")

        one = follower(load)
        since = one.look().since
        one.look()
        assert len(tried) == 1
        one.look(anew=True)
        assert len(tried) == 2
        clock[0] += timedelta(minutes=2)
        found = one.look()
        assert (len(tried), found.state, found.since) == (3, State.REFUSED, since)
        assert found.checked_at == clock[0]

    async def test_what_others_raise_is_not_quoted(self, follower, caplog):
        def load():
            raise KeyError("13800000000")

        with caplog.at_level(logging.ERROR, "serving"):
            follower(load).look()
        assert "KeyError at test_following.py" in caplog.text
        assert "138" not in caplog.text
