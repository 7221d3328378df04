"""What the door's verbs tell a terminal while they work, and how a person ends a search early."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from training.tuning.trials import Trial


def steps_progress() -> Callable[[str, int, int], None]:
    """Tell of each step when it is done; at a terminal also on the way."""
    started = time.monotonic()

    def tell(step: str, done: int, of: int) -> None:
        if done == of or sys.stderr.isatty():
            click.echo(f"[{time.monotonic() - started:6.1f} s] {step}: {done}/{of}", err=True)

    return tell


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield whether Ctrl-C was pressed; a second time it does what it always does."""
    asked = threading.Event()

    def first_time(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)
        click.echo(
            "\n正在停止寻优，用目前最好的配方继续训练；再按一次 Ctrl-C 全部中断 | the search ends, training goes on with the best so "
            "far; Ctrl-C again to give up",
            err=True,
        )

    before = signal.signal(signal.SIGINT, first_time)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def trials_progress(of: int) -> Callable[[Trial], None]:
    """Tell of each trial of a search; the first is the default recipe's."""
    from training.tuning.search import settings_of

    started, scores = time.monotonic(), list[float]()

    def tell(trial: Trial) -> None:
        scores.append(trial.score)
        ended = {
            "complete": "",
            "pruned": f"  第 {trial.folds} 折后放弃 given up after fold {trial.folds}",
            "stopped": "  中止 stopped",
        }
        click.echo(
            f"[{time.monotonic() - started:6.1f} s] 试验 trial {trial.number + 1}/{of}: {_shown(trial.score)} "
            f"(默认 default {_shown(scores[0])})  {settings_of(trial.recipe)}{ended[trial.state]}",
            err=True,
        )

    return tell


def _shown(score: float) -> str:
    return "–" if math.isnan(score) else f"{score:.4f}"


def rows_progress() -> Callable[[int, int | None], None]:
    """Count rows at a terminal."""

    def tell(done: int, of: int | None) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done:,}{f' / {of:,}' if of else ''} 行 rows", nl=False, err=True)

    return tell
