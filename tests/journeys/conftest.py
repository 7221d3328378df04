"""What the journeys share: a command line in this process, and the service as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import paidan
from models.bundle import verify_bundle
from models.registry import BUNDLE_IN_MODEL, Registry

ROOT = Path(paidan.__file__).parent


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, which the settings of this test name."""
    for name in [name for name in os.environ if name.startswith(("PAIDAN_", "MLFLOW_TRACKING"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PAIDAN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def door(home, monkeypatch, capsys):
    """Run the command line in this process: (exit code, what went to the screen)."""

    def door(*arguments):
        monkeypatch.setattr(sys, "argv", ["paidan", *map(str, arguments)])
        try:
            paidan.main()
        except SystemExit as leaving:
            code = leaving.code or 0
        else:
            code = 0
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out + said.err

    return door


@pytest.fixture
def champion(home, tiny_bundle):
    """The tiny model, registered and promoted in the home; the registry."""
    registry = Registry.under(home, verify_bundle)
    client = registry.store.client
    experiment = client.create_experiment(registry.name, registry.store.artifact_root.as_uri())
    run_id = client.create_run(experiment).info.run_id
    client.log_artifacts(run_id, str(tiny_bundle), f"model/{BUNDLE_IN_MODEL}")
    registry.promote(str(registry.register(run_id, "model").number), "tester", "first")
    return registry


@pytest.fixture
def serving(home):
    """Run `paidan serve` until the block ends: `with serving(reload_seconds=0.2) as address`."""

    @contextmanager
    def serving(**settings):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PAIDAN_", "PROMETHEUS_"))}
        own = {"PYTHONPATH": str(ROOT), "PAIDAN_HOME": str(home), "PAIDAN_PORT": str(port)}
        own |= {f"PAIDAN_{name.upper()}": str(value) for name, value in settings.items()}
        log = home / "service.log"
        with log.open("ab") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "paidan", "serve"], stdout=stderr, stderr=stderr, env=kept | own, cwd=ROOT
            )
            try:
                address = f"http://127.0.0.1:{port}"
                await_ready(process, address, log)
                yield address
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)

    return serving


def await_ready(process, address, log):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(log.read_text(encoding="utf-8"))


@pytest.fixture
def eventually():
    """Ask until the answer is good, and give it."""

    def eventually(ask, good=bool, patience=60):
        deadline = time.monotonic() + patience
        while not good(found := ask()):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found

    return eventually
