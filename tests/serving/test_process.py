"""The service as a process of its own, as it runs in an office."""

import asyncio
import os
import random
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

import paidan
from auditing.log.caselog import CaseLog
from auditing.people.keys import KeyRing
from serving.example import show_example

PROGRAM = Path(__file__).with_name("keyword_service.py")
ROOT = PROGRAM.parents[2]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(home, **settings):
    """Run the service until the block ends; give its process and address."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PAIDAN_", "PROMETHEUS_"))}
    environment |= {"PYTHONPATH": str(ROOT), "PAIDAN_HOME": str(home), "PAIDAN_PORT": str(port)}
    environment |= {f"PAIDAN_{name.upper()}": str(value) for name, value in settings.items()}
    with (home / "stderr").open("wb") as stderr:
        # a group of its own, so that workers can be killed with their parent
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stderr=stderr, env=environment, start_new_session=True
        )
        try:
            address = f"http://127.0.0.1:{port}"
            await_ready(process, address, home)
            yield process, address
        finally:
            kill(process)


def kill(process):
    """Kill the process and its workers, as a power cut would."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def await_ready(process, address, home):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail((home / "stderr").read_text())


def complaint(number):
    return {"source": "12345", "ticket_id": f"T-{number}", "text": f"点的外卖里有头发，电话1380000{number:04d}"}


async def hammer(address, answered, stop):
    """Send complaints on 16 connections until `stop` is set or the service is gone; note who was answered."""
    numbers = iter(range(1_000_000))

    async def send(client):
        while not stop.is_set():
            number = next(numbers)
            try:
                response = await client.post(f"{address}/v1/predict", json=complaint(number))
            except httpx.TransportError:
                return
            assert response.status_code == 200, response.text
            answered[response.json()["prediction_id"]] = number

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=16)) as client:
        await asyncio.gather(*(send(client) for _ in range(16)))


def logged(home):
    with sqlite3.connect(home / "caselog.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return dict(connection.execute("SELECT prediction_id, ticket_id FROM predictions"))


@pytest.mark.anyio
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_kill_at_any_moment_loses_no_answered_prediction(tmp_path, workers):
    with running(tmp_path, require_keys=False, workers=workers) as (process, address):
        answered = {}
        stop = asyncio.Event()
        hammering = asyncio.create_task(hammer(address, answered, stop))
        while len(answered) < 100:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(random.uniform(0, 0.5))
        kill(process)
        stop.set()
        await hammering
    stored = logged(tmp_path)
    assert len(answered) >= 100
    assert all(stored[prediction_id] == f"T-{number}" for prediction_id, number in answered.items())


@pytest.mark.anyio
async def test_a_polite_end_answers_what_was_begun(tmp_path):
    with running(tmp_path, require_keys=False) as (process, address):
        async with httpx.AsyncClient(timeout=30) as client:
            items = [complaint(number) for number in range(1000)]
            begun = asyncio.create_task(client.post(f"{address}/v1/predict/batch", json={"items": items}))
            await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            response = await begun
        assert response.status_code == 200
        assert all(result["ok"] for result in response.json()["results"])
        assert process.wait(20) in (0, -signal.SIGTERM)
    assert len(logged(tmp_path)) == 1000


def test_several_workers_add_up_their_figures_and_share_keys(tmp_path):
    log = CaseLog.open(f"sqlite:///{tmp_path / 'caselog.db'}", tmp_path / "digest.key")
    token = KeyRing(log.engine).create("intake", ["predict"]).token
    log.close()
    with running(tmp_path, workers=2) as (_, address):
        headers = {"authorization": f"Bearer {token}"}
        for number in range(20):
            # a connection each, so that both workers get some
            assert httpx.post(f"{address}/v1/predict", json=complaint(number), headers=headers).status_code == 200
        figures = httpx.get(f"{address}/metrics").text
    assert 'paidan_requests_total{route="/v1/predict",status="200"} 20.0' in figures
    assert 'paidan_model_info{name="complaint-triage",version="1"} 1.0' in figures


def test_a_newcomer_is_shown_an_answer_and_the_way_to_the_console(tmp_path):
    said = []
    with running(tmp_path, require_keys=False) as (_, address):
        show_example(address, said.append)
        (shown,) = said
        (console,) = re.findall(r"\S+/console\b", shown)
        assert httpx.get(console, follow_redirects=True).status_code == 200
    assert '"prediction_id": "p_' in shown
    (command,) = re.findall(r"paidan (people add .+)", shown)
    environment = {"PAIDAN_HOME": str(tmp_path)}
    added = CliRunner(env=environment).invoke(paidan.cli, shlex.split(command), input="白日依山尽黄河入海流\n")
    assert added.exit_code == 0, added.output


def test_the_process_logs_no_complaint(tmp_path):
    with running(tmp_path, require_keys=False) as (_, address):
        httpx.post(f"{address}/v1/predict", json=complaint(1))
        broken = {**complaint(2), "text": "模型故障 13800000002"}
        assert httpx.post(f"{address}/v1/predict", json=broken).status_code == 500
        httpx.get(f"{address}/v1/predictions/13800000003")
    said = (tmp_path / "stderr").read_text()
    assert "RuntimeError at keyword_service.py" in said
    assert "Traceback" not in said
    assert "138000" not in said


def test_a_taken_port_ends_the_process_with_a_reason(tmp_path):
    with running(tmp_path, require_keys=False) as (_, address):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PAIDAN_HOME": str(tmp_path), "PAIDAN_REQUIRE_KEYS": "0"}
        environment["PAIDAN_PORT"] = address.rpartition(":")[2]
        second = subprocess.run(
            [sys.executable, str(PROGRAM)], capture_output=True, env=environment, timeout=30, check=False
        )
    assert second.returncode == 3
    assert b"address already in use" in second.stderr


def test_a_home_that_cannot_be_written_ends_the_process_with_the_way_out(tmp_path):
    (tmp_path / "home").write_text("")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PAIDAN_HOME": str(tmp_path / "home")}
    ended = subprocess.run(
        [sys.executable, str(PROGRAM)], capture_output=True, env=environment, timeout=30, check=False
    )
    assert ended.returncode
    assert b"digest.key" in ended.stderr.splitlines()[-1]


def test_workers_end_with_their_parent(tmp_path):
    with running(tmp_path, require_keys=False, workers=2) as (process, address):
        process.kill()
        process.wait()
        assert goes_silent(address)


def goes_silent(address):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{address}/livez")
        except httpx.TransportError:
            return True
        time.sleep(0.05)
    return False
