"""POST /v1/predict through the real service, against the naive model in FastAPI and against what FastAPI itself costs."""

import json
import os
import shutil
import sys
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from models.fitted import FIELDS
from models.mlflow_store import MLFLOW_SETTINGS
from tests.benchmarks.load import TICKET
from tests.benchmarks.measure import ratio, spread
from tests.benchmarks.services import Serving, environment, free_port, load, our_service, peer, running, write_bodies
from tests.benchmarks.world import NAIVE, World

CONNECTIONS = (16, 1)
_PEERS = ("naive", "typed", "documented", "echo", "unlogged")


def measure(world: World) -> dict[str, Any]:
    """Requests per second, the services taking turns; each has a case log of its own that begins empty."""
    sizes, home = world.sizes, world.home
    bodies = write_bodies(world.unseen.resampled(2_000), world.work / "bodies.jsonl")
    found: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    with ExitStack() as stack:
        servings: dict[str, Serving] = {
            "ours": stack.enter_context(our_service(home, world.work)),
            **{kind: stack.enter_context(peer(kind, _home_for(world, kind), world.work)) for kind in _PEERS},
        }
        for number in range(sizes.http_rounds):
            for connections in CONNECTIONS:
                for name, serving in servings.items():
                    run = f"{number}{connections:02}"
                    found[name, connections].append(load(serving, connections, sizes.http_seconds, run, bodies))
    figures = {name: {str(c): _middle(found[name, c]) for c in CONNECTIONS} for name in servings}
    rates = {name: [each["per_second"] for each in found[name, CONNECTIONS[0]]] for name in servings}
    figures["mlflow"] = mlflow(world)
    return {
        "naive_ratio": ratio(rates["ours"], rates["naive"]),
        "fastapi_ratio": ratio(rates["ours"], rates["typed"]),
        "p99_over_p50": median(each["p99_ms"] / each["p50_ms"] for each in found["ours", CONNECTIONS[0]]),
        "naive_ratio_range": spread(rates["ours"], rates["naive"]),
        "fastapi_ratio_range": spread(rates["ours"], rates["typed"]),
        "documented_ratio": ratio(rates["ours"], rates["documented"]),
        "unlogged_ratio": ratio(rates["ours"], rates["unlogged"]),
        "mlflow_ratio": median(rates["ours"]) / figures["mlflow"]["16"]["per_second"],
        "services": figures,
    }


def mlflow(world: World) -> dict[str, Any]:
    """`mlflow models serve` of the registered version: a few hundred requests of one row."""
    bodies = world.work / "invocations.jsonl"
    rows = world.unseen.resampled(200)
    with bodies.open("w", encoding="utf-8") as file:
        for complaint in rows.complaints:
            record = {name: getattr(complaint, name) for name in FIELDS} | {"title": TICKET}
            file.write(json.dumps({"dataframe_records": [record]}, ensure_ascii=False) + "\n")
    port, store = free_port(), world.registry_of(world.home).store
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "--model-uri",
        f"models:/{world.champion.name}@champion",
    ]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    # it calls uvicorn by name
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = environment() | {"PATH": path, "MLFLOW_TRACKING_URI": store.tracking_uri, **MLFLOW_SETTINGS}
    with running(command, port, env, world.work, ready="/ping") as serving:

        def ask(connections: int, at_most: int) -> dict[str, Any]:
            return load(serving, connections, 30.0, "m", bodies, at_most=at_most, path="/invocations")

        ask(1, 20)  # the first requests take long
        return {str(connections): ask(connections, world.sizes.mlflow_requests) for connections in CONNECTIONS}


def _home_for(world: World, kind: str) -> Path:
    """The home itself for what logs nothing; for the naive service another one, with a log of its own."""
    if kind != "naive":
        return world.home
    home = world.work / "naive-home"
    home.mkdir(exist_ok=True)
    shutil.copyfile(world.home / NAIVE, home / NAIVE)
    return home


def _middle(runs: list[dict[str, Any]]) -> dict[str, float]:
    return {name: median(run[name] for run in runs) for name in runs[0]}
