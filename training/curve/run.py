"""One look at the learning curve of a file, kept as a run with its tables and pictures."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from features.normalise import Normaliser
from features.segment import Lexicon
from training.card.drawing import png
from training.curve.measure import learning_curves
from training.curve.picture import learning_curve_picture
from training.curve.report import CurveReport
from training.fitting.fit import Progress
from training.gate.examine import examine
from training.gate.merge import merge
from training.recipe import Recipe
from training.tables.columns import Role
from training.tables.dataset import read_labelled
from training.tracking import Tracker


def run_learning_curves(
    files: Sequence[Path],
    columns: Mapping[Role, str],
    recipe: Recipe,
    n_folds: int,
    tracker: Tracker,
    lexicon: Lexicon,
    progress: Progress,
) -> dict[str, CurveReport]:
    """Read, examine, cross-validate on nested shares, and keep what was found, by head; no version comes of it.

    Raises training.errors.Refused, models.versions.RegistryError.
    """
    normalise = Normaliser()
    data = merge(read_labelled(files, columns), normalise.text_of).data
    examined = examine(data, recipe, normalise.text_of)
    with tracker.run(datetime.now(UTC).strftime("learning curve %Y-%m-%d %H:%M:%S"), "evaluate") as run:
        run.log_recipe(recipe.to_params())
        run.log_dataset(data.digest, {"rows": len(data), "folds": n_folds}, ", ".join(path.name for path in files))
        curves = learning_curves(data, examined, recipe, n_folds, lexicon, progress)
        reports: dict[str, CurveReport] = {target: CurveReport(curve) for target, curve in curves.items()}
        for target, report in reports.items():
            run.log_metrics({f"{target}/{name}": value for name, value in report.metrics().items()})
            run.log_table(f"{target}_learning_curve", report.shares)
            run.log_table(f"{target}_worth_of_labels", report.classes())
            run.log_picture(f"{target}_learning_curve", png(learning_curve_picture(report, target)))
        run.log_json("learning_curve", {target: report.to_dict() for target, report in reports.items()})
        run.log_text("learning_curve", "\n".join(f"{target}\n{said.to_text()}" for target, said in reports.items()))
    return reports
