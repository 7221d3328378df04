"""One training run, from files of labelled complaints to a registered version."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import joblib
import numpy as np
import numpy.typing as npt

from auditing.figures.profile import Profile
from features.normalise import Normaliser
from features.segment import Lexicon
from models.bundle import write_bundle
from models.charter.articles import Charter
from models.charter.trust import Trust
from models.charter.workdays import in_china
from models.fitted import FittedModel
from models.prediction import Target
from models.reference import reference_pipelines
from models.taxonomy import names_of
from models.versions import VersionInfo
from training.card.results import log_results
from training.fitting.fit import Fit, Progress, fit
from training.gate.examine import Examined, examine
from training.gate.merge import merge
from training.gate.report import GateReport
from training.measuring.comparison import compare
from training.measuring.evaluate import lessons_of, measure, read_background, read_documents
from training.measuring.figures import Outcome
from training.measuring.figures_report import FiguresReport
from training.measuring.intervals import accuracy_interval
from training.measuring.peers import CHEAP, ask, suited
from training.measuring.profile import held_out_profile
from training.measuring.slices import slices_of
from training.measuring.trust import trust_in
from training.promotion.heldout import keep_held_out
from training.recipe import Recipe
from training.tables.columns import Role
from training.tables.dataset import LabelledComplaints, read_labelled
from training.tables.spool import Documents
from training.tracking import TrackedRun, Tracker
from training.tuning.inner_folds import InnerFold, inner_folds
from training.tuning.rehearsal import Rehearsal
from training.tuning.search import LEAST_DF, Search, Tuning, search
from training.tuning.trials import Trial

_Indices = npt.NDArray[np.int64]
_Found = TypeVar("_Found")


@dataclass(frozen=True, eq=False)
class Trained:
    """What a run ends with: the registered version, the gate's report, and the figures on the rows held out.

    search: how the recipe was found, None where none was asked for. trust: how far the version trusts the charter; None
    where none was given, or it has no office in common with the data.
    """

    version: VersionInfo
    gate: GateReport
    held_out: Mapping[Target, Outcome]
    reports: Mapping[Target, FiguresReport]
    split: str
    search: Search | None
    trust: Trust | None


def train(  # noqa: PLR0913, PLR0917 - what is given, by what means, and who is told
    files: Sequence[Path],
    columns: Mapping[Role, str],
    recipe: Recipe,
    tracker: Tracker,
    lexicon: Lexicon,
    progress: Progress,
    on_gate: Callable[[GateReport], None],
    charter: Charter | None = None,
    tuning: Tuning | None = None,
) -> Trained:
    """Read, examine, hold out and measure, fit again on all rows, store, register, point `challenger` at it.

    The figures are those of a model that has not seen the rows held out; the version that is registered has learnt
    from all rows, by the same recipe. What grows with the rows is in files of a temporary directory, so that a file may be
    larger than memory. charter: a division of work that the version learns how far to trust. tuning: how far to search for a better recipe than
    this one, by cross-validation of the rows that are not held out.
    Raises training.errors.Refused, models.versions.RegistryError.
    """
    with tempfile.TemporaryDirectory(prefix="paidan-train-", ignore_cleanup_errors=True) as scratch:
        return _train(files, columns, recipe, tracker, lexicon, progress, on_gate, charter, tuning, Path(scratch))


def _train(  # noqa: PLR0913, PLR0917 - those of `train`, and where to work
    files: Sequence[Path],
    columns: Mapping[Role, str],
    recipe: Recipe,
    tracker: Tracker,
    lexicon: Lexicon,
    progress: Progress,
    on_gate: Callable[[GateReport], None],
    charter: Charter | None,
    tuning: Tuning | None,
    scratch: Path,
) -> Trained:
    normalise = Normaliser()
    merged = merge(read_labelled(files, columns, spool=scratch), normalise.text_of, spool=scratch)
    data = merged.data
    examined = examine(data, recipe, normalise.text_of, merged.report, spool=scratch)
    on_gate(examined.report)
    parts = [] if tuning is None else inner_folds(data, examined, recipe)
    with tracker.run(datetime.now(UTC).strftime("train %Y-%m-%d %H:%M:%S")) as run:
        _log_inputs(run, data, examined, files)
        # a row without a label says nothing of whose labels the others are
        labels = {target: set(data.labels(target).tolist()) - {""} for target in data.targets}
        names = {target: names_of(target, sorted(said)) for target, said in labels.items()}
        documents, background = read_documents(data, scratch), read_background()
        searched = None
        if tuning is not None:
            with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as spool:
                rehearsal = Rehearsal(
                    data, examined, documents, background, lexicon, min(recipe.min_df, LEAST_DF), Path(spool), progress
                )
                searched = _search(tracker, run, recipe, parts, rehearsal, tuning)
            recipe = searched.recipe
        run.log_recipe(recipe.to_params())

        def fitted_to(rows: _Indices, told: Progress, use: Callable[[Fit], _Found]) -> _Found:
            lessons = lessons_of(data, examined, rows, recipe, names)
            with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as spool:
                return use(
                    fit(
                        documents[rows],
                        lessons,
                        examined.groups[rows],
                        background,
                        lexicon,
                        recipe,
                        told,
                        spool=Path(spool),
                    )
                )

        held_out, reports, profile = fitted_to(
            examined.split.train,
            lambda step, done, of: progress(f"held out: {step}", done, of),
            lambda fitted: _hold_out(data, examined, documents, fitted, recipe, lexicon),
        )
        everything = np.sort(np.concatenate([examined.split.train, examined.split.test, examined.split.left_out]))
        usable = everything[examined.groups[everything] >= 0]

        def kept(fitted: Fit) -> tuple[FittedModel, Trust | None]:
            # the out-of-fold scores go with their directory
            today = in_china(datetime.now(UTC)).date()
            return fitted.model, None if charter is None else trust_in(charter, fitted, data, usable, today)

        model, trust = fitted_to(usable, progress, kept)
        figures: dict[str, Any] = {target: dict(report.figures) for target, report in reports.items()}
        bundle, pipeline = scratch / "bundle", scratch / "pipeline.joblib"
        about = _about(data, files, recipe, examined, figures, profile)
        about["trust"] = None if trust is None else trust.to_manifest(_offices(model))
        about["search"] = None if searched is None else searched.to_dict()
        write_bundle(model, bundle, about)
        joblib.dump(reference_pipelines(model, lexicon), pipeline, compress=3)
        run.log_bundle(bundle, pipeline)
        if tracker.key is not None:
            keep_held_out(run, tracker.key, data, examined, documents, usable, held_out)
        log_results(run, tracker.registry.name, held_out, model, reports, about, examined.report)
        headline = {f"{target}/{name}": value for target, o in held_out.items() for name, value in o.headline().items()}
        version = run.register([head.target for head in model.heads], headline)
    return Trained(version, examined.report, held_out, reports, examined.split.sentence, searched, trust)


def _hold_out(
    data: LabelledComplaints, examined: Examined, documents: Documents, fitted: Fit, recipe: Recipe, lexicon: Lexicon
) -> tuple[dict[Target, Outcome], dict[Target, FiguresReport], Profile]:
    train_rows, test_rows = examined.split.train, examined.split.test
    outcomes: dict[Target, Outcome] = {}
    reports: dict[Target, FiguresReport] = {}
    for head in fitted.model.heads:
        labels = data.labels(head.target)
        test = test_rows[labels[test_rows] != ""]
        learnt = train_rows[labels[train_rows] != ""]
        if not len(test):
            continue
        truth = labels[test]
        said = replace(measure(fitted, head.target, documents[test], truth, recipe), groups=examined.groups[test])
        names = suited(CHEAP, labels[learnt])
        against = ask(names, documents[learnt], labels[learnt].astype(str), documents[test], lexicon)
        low, high = accuracy_interval(said.correct, said.groups)
        figures = said.headline() | {"accuracy_low": low, "accuracy_high": high} | compare(head.target, said, against)
        outcomes[head.target] = said
        reports[head.target] = FiguresReport(figures, slices_of(said, test, data, head.target))
    return outcomes, reports, held_out_profile(fitted, data, documents[test_rows[examined.groups[test_rows] >= 0]])


def _search(
    tracker: Tracker, run: TrackedRun, recipe: Recipe, parts: Sequence[InnerFold], rehearsal: Rehearsal, tuning: Tuning
) -> Search:
    """Search for a recipe; each trial is a run within this one as soon as it is over."""

    def keep(trial: Trial) -> None:
        started = datetime.now(UTC) - timedelta(seconds=trial.seconds)
        with tracker.run(f"trial {trial.number + 1}", within=run, started=started) as nested:
            nested.log_recipe(trial.recipe.to_params())
            figures = {name: value for name, value in trial.figures().items() if np.isfinite(value)}
            nested.log_metrics(figures | {"seconds": trial.seconds, "folds": trial.folds})
            nested.tag("state", trial.state)
        tuning.on_trial(trial)

    found = search(recipe, parts, rehearsal, replace(tuning, on_trial=keep))
    run.log_json("search", found.to_dict())
    run.log_text("search", found.sentence)
    return found


def _offices(model: FittedModel) -> tuple[str, ...]:
    return next((head.classes for head in model.heads if head.target == "office"), ())


def _log_inputs(run: TrackedRun, data: LabelledComplaints, examined: Examined, files: Sequence[Path]) -> None:
    counts = {"rows": len(data), "train": len(examined.split.train), "test": len(examined.split.test)}
    run.log_dataset(data.digest, counts, ", ".join(path.name for path in files))
    run.log_json("gate", examined.report.to_dict())
    run.log_text("gate", examined.report.to_text())


def _about(
    data: LabelledComplaints,
    files: Sequence[Path],
    recipe: Recipe,
    examined: Examined,
    figures: Mapping[str, Any],
    profile: Profile,
) -> dict[str, Any]:
    return {
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {"digest": data.digest, "rows": len(data), "files": [path.name for path in files]},
        "recipe": recipe.to_params(),
        "split": examined.split.sentence,
        "held_out": figures,
        "profile": profile.to_manifest(),
    }
