"""Measure, compare and report: python -m tests.benchmarks, or `make bench`.

BENCH=single,http     these parts only; the others keep what an earlier run found. All parts: see PARTS.
BENCH_QUICK=1         a hundredth of everything, to try the benchmark itself; its figures mean little and are not kept
BENCH_RECORD=1        make these the committed figures: figures.json, docs/bench.md and docs/bench.png

Figures go to var/bench.json, the table to the terminal and to var/bench.md, the picture to var/bench.png. A figure that
misses its target or is worse than the committed one is reported, and is no failure.
"""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from tests.benchmarks import batch, features, growth, http, log_growth, resolution, single, start, train
from tests.benchmarks.data import ROOT
from tests.benchmarks.measure import rounded
from tests.benchmarks.picture import draw
from tests.benchmarks.report import markdown, regressions, table
from tests.benchmarks.sizes import FULL, QUICK
from tests.benchmarks.world import World

COMMITTED = Path(__file__).with_name("figures.json")
_LIBRARIES = ("scikit-learn", "numpy", "numba", "jieba", "fastapi", "mlflow")

PARTS: dict[str, tuple[str, Callable[[World], dict[str, Any]]]] = {
    "single": ("single", single.measure),
    "resolution": ("resolution", resolution.measure),
    "lengths": ("lengths", single.lengths),
    "batch": ("batch", batch.measure),
    "bulk": ("bulk", batch.bulk),
    "http": ("http", http.measure),
    "log": ("log", log_growth.measure),
    "start": ("start", start.measure),
    "features": ("features", features.measure),
    "solver": ("solver", train.solver),
    "training": ("training", train.training),
    "offices": ("offices", growth.offices),
    "growth": ("growth", growth.rows),
    "memory": ("memory_500k", growth.memory),
    "train": ("paidan_train_500k", growth.command),
}
"""What can be measured, in this order: by its name, the key of its figures, and the function that finds them."""

ON_REQUEST = {"train"}
"""Parts that a plain run leaves out: `paidan train` on half a million rows takes longer than all others together."""


def main() -> None:
    """Run the parts that the environment names."""
    wanted = _wanted(os.environ.get("BENCH", ""))
    quick = os.environ.get("BENCH_QUICK", "0") not in ("", "0")
    out = ROOT / "var"
    out.mkdir(exist_ok=True)
    name = "bench-quick" if quick else "bench"
    figures, committed = _read(out / f"{name}.json"), _read(COMMITTED)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=out) as work:
        world = World(QUICK if quick else FULL, Path(work))
        click.echo(f"数据 data: {world.rows.name}", err=True)
        if not _alike(figures, world):
            figures = {}
        figures["about"] = _about(world)
        world.warm_up()
        for number, part in enumerate(wanted, 1):
            key, measure = PARTS[part]
            click.echo(f"[{time.monotonic() - began:6.0f} s] {number}/{len(wanted)} {part} …", err=True)
            figures[key] = rounded(measure(world)) | {"measured_at": _now()}
            # after each part: what was found is not lost when a later one is interrupted
            _write(out / f"{name}.json", figures)
    about = _sentence(figures["about"])
    if committed and not _alike(committed, world):
        click.echo("提交值来自别的数据，不作比较 the committed figures are of other data: not compared")
        committed = {}
    if quick:
        click.echo("试运行：数量都小，表中所写的行数是完整运行的 quick run: the table names the sizes of a full one")
    click.echo(f"\n{about}\n\n{table(figures, committed)}\n")
    for line in regressions(figures, committed):
        click.echo(f"比提交值差 worse than committed: {line}")
    (out / f"{name}.md").write_text(markdown(figures, about), encoding="utf-8")
    draw(figures, about).savefig(out / f"{name}.png")
    if os.environ.get("BENCH_RECORD", "0") not in ("", "0"):
        if quick:
            raise SystemExit("BENCH_RECORD=1 is for full runs: leave BENCH_QUICK away")
        _write(COMMITTED, figures)
        (ROOT / "docs" / "bench.md").write_text(markdown(figures, about), encoding="utf-8")
        draw(figures, about).savefig(ROOT / "docs" / "bench.png")
    click.echo(f"[{time.monotonic() - began:.0f} s] {out.name}/{name}.json, {name}.md, {name}.png")


def _wanted(asked: str) -> Sequence[str]:
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"BENCH names no part: {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    return [name for name in PARTS if (name in names if names else name not in ON_REQUEST)]


def _alike(figures: dict[str, Any], world: World) -> bool:
    """Whether figures are of the same rows and sizes."""
    about = figures.get("about", {})
    return (about.get("data"), about.get("sizes")) == (world.rows.name, world.sizes.name)


def _about(world: World) -> dict[str, Any]:
    return {
        "data": world.rows.name,
        "sizes": world.sizes.name,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "measured_at": _now(),
    }


def _sentence(about: dict[str, Any]) -> str:
    libraries = about["libraries"]
    return (
        f"{about['data']}；{about['cores']} 核 cores，Python {about['python']}，scikit-learn {libraries['scikit-learn']}，"
        f"{about['measured_at'][:10]}"
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write(path: Path, figures: dict[str, Any]) -> None:
    path.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
