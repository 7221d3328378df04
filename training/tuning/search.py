"""A bounded search for a recipe on the training rows: Optuna's tree of Parzen estimators, bad trials cut short.

J. Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011. The default recipe is the first trial; it
stays unless another one is ahead of it on the same rows by more than the noise. What is searched is what
docs/quality.md found to matter.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import optuna

from models.prediction import Target
from training.measuring.figures import Outcome, together
from training.recipe import Recipe
from training.tuning.inner_folds import InnerFold
from training.tuning.trials import Advantage, Trial, TrialState, advantage, score

TRIALS, MINUTES = 20, 30.0
"""How far a search goes unless it is told otherwise."""

NOISE = 2.0
"""Paired standard errors that a recipe must be ahead of the default: the best of many is ahead of it by luck."""

SEARCHED = ("c", "balance", "emphasis", "min_df", "max_features")
"""The settings that are searched; the others stay as the default recipe has them."""

BUDGETS = (50_000, 100_000, 200_000)
"""Features kept; not more than by default, so that a tuned model answers no slower."""

LEAST_DF, MOST_DF = 2, 5
"""Once is no pattern, and would make counting three times as long."""

_WITHOUT_PRUNING = 4
"""Trials before any is cut short: the median of fewer says little."""

Measure = Callable[[Recipe, int, InnerFold, Callable[[], None]], Mapping[Target, Outcome]]
"""Tries a recipe in one fold, of this number; calls back often, and lets pass what that raises."""


class _Stopped(Exception):
    """Time is up, or somebody has had enough."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How far to search, and who is told.

    trials: at most, the default recipe's among them. minutes: at most. watch: entered for the time of the search; what it
    gives is asked often whether to end the search, not the training. on_trial: told of each trial that is over.
    """

    trials: int = TRIALS
    minutes: float = MINUTES
    watch: Callable[[], AbstractContextManager[Callable[[], bool]]] = field(default=lambda: nullcontext(lambda: False))
    on_trial: Callable[[Trial], None] = field(default=lambda _: None)


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found: its trials, the first of them the default recipe's; `seconds` by the clock.

    advantage: of the best whole trial over the default, None where there are no two to compare.
    """

    default: Recipe
    trials: Sequence[Trial]
    seconds: float
    advantage: Advantage | None

    @property
    def best(self) -> Trial | None:
        """The whole trial with the highest score; None where there is none."""
        whole = [trial for trial in self.trials if trial.state is TrialState.COMPLETE]
        return max(whole, key=lambda trial: trial.score, default=None)

    @property
    def adopted(self) -> bool:
        """Whether another recipe than the default is to be used."""
        return self.advantage is not None and self.advantage.ahead > NOISE * self.advantage.error

    @property
    def recipe(self) -> Recipe:
        """The recipe to use."""
        return self.best.recipe if self.adopted and self.best is not None else self.default

    @property
    def sentence(self) -> str:
        """What was found, Chinese first."""
        counts = f"{len(self.trials)} 次试验 trials, {self.seconds:.0f} s"
        if self.best is None:
            return (
                f"寻优（{counts}）：默认配方还没有试完就停了，无从比较，用默认配方。\n"
                "Tuning: stopped before the default recipe was tried out, so that nothing can be compared; the default is used."
            )
        default = self.trials[0].score
        if self.advantage is None:
            return (
                f"寻优（{counts}）：没有得分高于默认配方（{default:.4f}）的，用默认配方。\n"
                f"Tuning: no recipe scored higher than the default ({default:.4f}), which is used."
            )
        ahead, error = self.advantage
        figures = f"{default:.4f} → {self.best.score:.4f}，{ahead:+.4f} ± {error:.4f}"
        if self.adopted:
            return (
                f"寻优（{counts}）：同样的折上得分 {figures}（成对标准误），采用 {settings_of(self.recipe)}。\n"
                f"Tuning: better than the default on the same folds by more than {NOISE:g} standard errors; it is used."
            )
        return (
            f"寻优（{counts}）：同样的折上最好的得分 {figures}（成对标准误），没有超出噪声，用默认配方。\n"
            f"Tuning: the best is not ahead of the default by more than {NOISE:g} standard errors; the default is used."
        )

    def to_dict(self) -> dict[str, Any]:
        """What the model version keeps: the figures of the default and the best on the same folds, and what was chosen."""
        found: dict[str, Any] = {
            "trials": len(self.trials),
            "pruned": sum(trial.state is TrialState.PRUNED for trial in self.trials),
            "seconds": round(self.seconds, 1),
            "adopted": self.adopted,
        }
        if self.best is not None:
            found |= {"default": _finite(self.trials[0].figures()), "best": _finite(self.best.figures())}
            found["best_recipe"] = {name: getattr(self.best.recipe, name) for name in SEARCHED}
        if self.advantage is not None:
            found |= {"ahead": self.advantage.ahead, "standard_error": self.advantage.error}
        return found


def settings_of(recipe: Recipe) -> str:
    """The searched settings as one line."""
    return "  ".join(f"{name}={getattr(recipe, name):.3g}" for name in SEARCHED[:3]) + (
        f"  min_df={recipe.min_df}  max_features={recipe.max_features}"
    )


def search(default: Recipe, folds: Sequence[InnerFold], measure: Measure, tuning: Tuning) -> Search:
    """Try recipes in the folds until trials, minutes or patience are over; equal seeds and trials find the same.

    After each fold but the last a trial that is behind the median of the others so far is cut short (`MedianPruner`).
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it has a handler of its own, and writes to the terminal
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=default.seed, n_startup_trials=_WITHOUT_PRUNING),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_WITHOUT_PRUNING),
    )
    study.enqueue_trial({name: getattr(default, name) for name in SEARCHED})
    started, trials = time.monotonic(), list[Trial]()

    with tuning.watch() as stop:

        def check() -> None:
            if stop() or time.monotonic() - started > 60 * tuning.minutes:
                raise _Stopped

        while len(trials) < tuning.trials:
            asked = study.ask()
            trial = _tried(asked, default, folds, measure, check)
            trials.append(trial)
            tuning.on_trial(trial)
            if trial.state is TrialState.STOPPED:
                break
            pruned = trial.state is TrialState.PRUNED
            study.tell(asked, None if pruned else trial.score, optuna.trial.TrialState.PRUNED if pruned else None)
    found = Search(default, trials, time.monotonic() - started, None)
    if found.best is None or found.best is trials[0]:
        return found
    return replace(found, advantage=advantage(found.best.outcomes, trials[0].outcomes, seed=default.seed))


def _tried(
    asked: optuna.Trial, default: Recipe, folds: Sequence[InnerFold], measure: Measure, check: Callable[[], None]
) -> Trial:
    # the first trial is the default's own: the sampler's ranges are not its business
    recipe = replace(default, **_suggested(asked))
    recipe = default if asked.number == 0 else recipe
    started, parts = time.monotonic(), list[Mapping[Target, Outcome]]()
    state = TrialState.COMPLETE
    try:
        for number, fold in enumerate(folds):
            check()
            parts.append(measure(recipe, number, fold, check))
            asked.report(score(_together(parts)), number)
            if number + 1 < len(folds) and asked.should_prune():
                state = TrialState.PRUNED
                break
    except _Stopped:
        state = TrialState.STOPPED
    return Trial(asked.number, recipe, _together(parts), len(parts), state, time.monotonic() - started)


def _suggested(trial: optuna.Trial) -> dict[str, Any]:
    return {
        "c": trial.suggest_float("c", 0.05, 4.0, log=True),
        "balance": trial.suggest_float("balance", 0.0, 1.0),
        "emphasis": trial.suggest_float("emphasis", 0.0, 1.0),
        "min_df": trial.suggest_int("min_df", LEAST_DF, MOST_DF),
        "max_features": trial.suggest_categorical("max_features", BUDGETS),
    }


def _together(parts: Sequence[Mapping[Target, Outcome]]) -> dict[Target, Outcome]:
    """The outcomes of several folds as one, by head."""
    heads = dict.fromkeys(target for part in parts for target in part)
    return {target: together([part[target] for part in parts if target in part]) for target in heads}


def _finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in figures.items()}
