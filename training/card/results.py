"""What a run keeps of its results: figures, tables, pictures, and the model card that shows them to people."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.decision import Policy
from models.fitted import FittedModel
from models.prediction import Target
from training.card.drawing import png
from training.card.page import HeadCard, write_card
from training.card.pictures import confusion, reliability, sweep
from training.gate.report import GateReport
from training.measuring.figures import Outcome
from training.measuring.figures_report import FiguresReport
from training.tracking import TrackedRun, without_paths

_TITLES = {
    "confusion": "最常见的混淆 | who is taken for whom",
    "reliability": "可信程度是否名副其实 | confidence against accuracy",
    "sweep": "阈值、覆盖率与精确率 | what a threshold costs",
}


def log_results(
    run: TrackedRun,
    name: str,
    held_out: Mapping[Target, Outcome],
    model: FittedModel,
    reports: Mapping[Target, FiguresReport],
    about: Mapping[str, Any],
    gate: GateReport,
) -> None:
    """Keep the figures of the heads on the rows held out, and the card of the version called `name`.

    Raises models.versions.RegistryUnavailable.
    """
    run.log_json("figures", {target: report.to_dict() for target, report in reports.items()})
    cards = []
    for head in model.heads:
        run.log_json(f"{head.target}_policy", head.policy.to_manifest(head.classes))
        if head.target not in held_out:
            continue
        said, report = held_out[head.target], reports[head.target]
        run.log_metrics({f"{head.target}/{key}": value for key, value in report.figures.items() if np.isfinite(value)})
        _log_tables(run, head.target, said)
        run.log_table(f"{head.target}_slices", [each.to_dict() for each in report.slices])
        pictures = _pictures(head.target, said, head.policy)
        for kind, picture in pictures.items():
            run.log_picture(f"{head.target}_{kind}", picture)
        cards.append(
            HeadCard(
                target=head.target,
                report=report,
                policy=head.policy.auto.sentence,
                silent=[head.classes[code] for code in head.policy.suggest_only()],
                classes=said.by_class(),
                pictures={_TITLES[kind]: picture for kind, picture in pictures.items()},
            )
        )
    run.log_page("card", write_card(name, about, without_paths(gate.to_text()), cards))


def _log_tables(run: TrackedRun, target: Target, said: Outcome) -> None:
    classes, points = said.by_class(), said.sweep()
    run.log_table(
        f"{target}_classes",
        [{"label": c.label, "rows": c.rows, "precision": c.precision, "recall": c.recall, "f1": c.f1} for c in classes],
    )
    run.log_metrics({f"{target}/class/{c.label}/f1": c.f1 for c in classes})
    run.log_table(
        f"{target}_sweep",
        [{"threshold": p.threshold, "coverage": p.coverage, "precision": p.precision, "rows": p.rows} for p in points],
    )


def _pictures(target: Target, said: Outcome, policy: Policy) -> dict[str, bytes]:
    counts, labels = said.confusion()
    points = said.sweep()
    finite = [threshold for threshold in policy.thresholds if np.isfinite(threshold)]
    drawn = {
        "confusion": confusion(counts, labels, target),
        "reliability": reliability(said.confidence, said.correct, target),
        "sweep": sweep(
            np.array([p.threshold for p in points]),
            np.array([p.coverage for p in points]),
            np.array([p.precision for p in points]),
            policy.auto.at_least,
            float(np.median(finite)) if finite else None,
            target,
        ),
    }
    return {kind: png(figure) for kind, figure in drawn.items()}
