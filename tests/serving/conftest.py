"""The application in this process, on a log in a temporary directory, with the keyword model."""

import asyncio
import importlib.util
import json
import re
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from auditing.log.caselog import CaseLog
from auditing.log.events import Role
from auditing.log.history import EventLog
from auditing.people.accounts import People
from auditing.people.passwords import Passwords
from models.charter.demo import demo_charter
from models.charter.said import Listener
from serving.serve import build_app
from serving.settings import Settings

WORD = "白日依山尽黄河入海流"
PROGRAM = Path(__file__).with_name("keyword_service.py")


def _load(path):
    spec = importlib.util.spec_from_file_location("keyword_service", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_settings_of_this_shell(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PAIDAN_{name.upper()}", raising=False)


@pytest.fixture(scope="session", autouse=True)
def _the_demo_charter_is_prepared_once():
    """Let all services of a session hear by one listener to the demo charter, which takes a third of a second to make."""
    listener = Listener(demo_charter())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "models.charter.resolution.Listener",
            lambda charter: listener if charter is demo_charter() else Listener(charter),
        )
        yield


@pytest.fixture(scope="session")
def keyword_service():
    """The module with the model; run as a program it is the whole service."""
    return _load(PROGRAM)


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path, require_keys=False, busy_timeout_seconds=0.2, model_retry_seconds=0.05)


@pytest.fixture
def serve(keyword_service):
    """Run an application and give a client of it: `async with serve(settings) as client`."""

    @asynccontextmanager
    async def serve(settings, load_model=keyword_service.load_keywords, aliases=None, *, ready=True):
        app = build_app(settings, load_model, aliases)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client,
        ):
            async with asyncio.timeout(10):
                while ready and (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110
                    # the transport never lets go of the loop by itself
                    await asyncio.sleep(0.005)
            yield client

    return serve


@pytest.fixture
async def client(serve, settings):
    async with serve(settings) as client:
        yield client


@pytest.fixture
def ticket():
    return {
        "source": "12345",
        "ticket_id": "T-1",
        "title": "外卖有异物",
        "text": "昨晚点的外卖里有头发，商家电话13800000000无人接听",
    }


@pytest.fixture
def send(client):
    """Send a body as it is to /v1/predict."""

    async def send(body, path="/v1/predict", **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return await client.post(path, content=body, headers={"content-type": "application/json", **headers})

    return send


@pytest.fixture
def log(settings):
    """The case log of the service, opened beside it."""
    log = CaseLog.open(settings.caselog_url, settings.digest_key_path)
    yield log
    log.close()


@pytest.fixture
def events(log):
    """What becomes of its predictions."""
    return EventLog(log.engine)


@pytest.fixture
def people(log):
    """One account of each role, all with the same password."""
    accounts = People(log.engine, Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
    return {role: accounts.add(f"{role}-li", WORD, role, "local") for role in Role}


@pytest.fixture
def token():
    """Read off a page what a form of it must carry."""

    def token(page):
        return re.search(r'name="csrf" value="([^"]+)"', page.text)[1]

    return token


@pytest.fixture
def enter(people, token):
    """Sign somebody of a role in: `await enter(client, Role.LEAD)`."""

    async def enter(client, role=Role.REVIEWER):
        client.cookies.clear()
        form = {"csrf": token(await client.get("/console/sign-in")), "name": f"{role}-li", "password": WORD}
        assert (await client.post("/console/sign-in", data=form)).status_code == 303

    return enter
