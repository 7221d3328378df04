"""The door's verb that measures: a version, a recipe by cross-validation, what more labels would bring."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from paidan_audit import PATH, open_registry
from paidan_charter import charter_called
from paidan_models import load_version
from paidan_progress import steps_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from models.triage import TriageModel
    from training.curve.report import CurveReport
    from training.measuring.figures_report import FiguresReport
    from training.tables.dataset import LabelledComplaints

DATA = click.option(
    "--data",
    "data",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="带标注的投诉文件，可多次给出 | labelled complaints",
)
COLUMN = click.option(
    "--column", "columns", multiple=True, metavar="ROLE=NAME", help="列名对应，如 domain=l1 | which header plays a role"
)
MODEL = click.option(
    "--model", default="champion", show_default=True, metavar="VERSION", help="模型版本 | which version"
)


@click.command()
@DATA
@COLUMN
@MODEL
@click.option(
    "--folds", default=0, metavar="N", help="不用已有版本，改做 N 折交叉验证 | cross-validate the recipe instead"
)
@click.option(
    "--against",
    default=None,
    metavar="NAMES",
    help="交叉验证时与哪些基线比较，默认 majority,keywords,terms；另有 naive,fasttext | baselines of the cross-validation",
)
@click.option(
    "--learning-curve",
    "curve",
    is_flag=True,
    help="在 10% 到 100% 的行上交叉验证（默认 5 折），估计再来 1,000 条标注值多少、放在哪些类最值得 | what more labels would bring",
)
@click.option(
    "--charter",
    default=None,
    metavar="CHARTER",
    help="职责章程（文件、编号、demo 或 active）：也测它与模型合起来的答复 | with this charter as well",
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON | print JSON")
def evaluate(
    data: tuple[Path, ...],
    columns: tuple[str, ...],
    model: str,
    folds: int,
    against: str | None,
    curve: bool,  # noqa: FBT001
    charter: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """在带标注的文件上测一个版本 | measure a version on labelled rows."""
    if not data and not folds and not curve:
        raise click.UsageError("给出 --data FILE | --data FILE is needed")
    if against is not None and not folds:
        raise click.UsageError(
            "基线要学过才能比较：请加 --folds N | baselines have to learn first: --folds N is needed"
        )
    if charter is not None and (folds or curve):
        raise click.UsageError(
            "章程与一个已有版本一起测：请去掉 --folds 和 --learning-curve | a charter is measured with a version that there "
            "is: leave --folds and --learning-curve out"
        )
    if against is not None and curve:
        raise click.UsageError("学习曲线不与基线比较 | the learning curve is not held against baselines")
    reports: Mapping[str, FiguresReport | CurveReport]
    if curve:
        reports = _learning_curves(data, columns, folds)
    else:
        reports = _cross_validate(data, columns, folds, against) if folds else _evaluate(data, columns, model, charter)
    if as_json:
        plain = {target: report.to_dict() for target, report in reports.items()}
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False))
        return
    for target, report in reports.items():
        click.echo(f"{target}\n{report.to_text()}")


def _evaluate(
    data: Sequence[Path], columns: tuple[str, ...], model: str, charter: str | None
) -> dict[str, FiguresReport]:
    from training.measuring.evaluate import evaluate as measure
    from training.measuring.figures_report import FiguresReport
    from training.measuring.intervals import bounds
    from training.measuring.slices import slices_of
    from training.tables.columns import parse_mapping
    from training.tables.dataset import read_labelled

    loaded, labelled = load_version(model), read_labelled(data, parse_mapping(columns))
    found = measure(loaded, labelled)
    if not found:
        answers = ", ".join(loaded.targets)
        raise ValueError(
            f"文件没有这个版本所答的标签（{answers}），无从比较；请写 --column {answers.split(',')[0]}=<列名> | "
            f"the files have no labels for what this version answers ({answers}); say --column ROLE=HEADER"
        )
    reports: dict[str, FiguresReport] = {
        target: FiguresReport(
            said.to_dict() | bounds(said.outcome), slices_of(said.outcome, said.rows, labelled, target)
        )
        for target, said in found.items()
    }
    if charter is not None:
        reports["office_with_charter"] = _with_charter(charter, loaded, labelled)
    return reports


def _with_charter(charter: str, model: TriageModel, data: LabelledComplaints) -> FiguresReport:
    from datetime import UTC, datetime

    from models.charter.resolution import Resolver
    from models.charter.route import CharterVersion
    from training.measuring.combination import combine
    from training.measuring.figures_report import FiguresReport
    from training.measuring.slices import slices_of

    written = charter_called(charter)
    found = combine(model, Resolver(written, CharterVersion(written.name, "")), data, datetime.now(UTC))
    if found is None:
        raise ValueError(
            "版本不答科室，或文件没有科室标签，章程无从测起 | the version has no office head or the files no offices: there is "
            "nothing to measure a charter by"
        )
    return FiguresReport(found.figures(), slices_of(found.both, found.rows, data, "office"))


def _cross_validate(
    data: Sequence[Path], columns: tuple[str, ...], folds: int, against: str | None
) -> dict[str, FiguresReport]:
    from features.normalise import Normaliser
    from features.segment import Lexicon
    from training.gate.examine import examine
    from training.gate.merge import merge
    from training.measuring.comparison import compare
    from training.measuring.crossvalidation import cross_validate
    from training.measuring.figures_report import FiguresReport
    from training.measuring.intervals import bounds
    from training.measuring.peers import CHEAP, installed, parse_peers
    from training.measuring.slices import slices_of
    from training.recipe import Recipe
    from training.tables.columns import parse_mapping
    from training.tables.dataset import read_labelled
    from training.written.starter import starter_files

    peers = CHEAP if against is None else parse_peers(against)
    for name in peers:
        if not installed(name):
            click.echo(
                f"没有安装 {name}，略过；pip install 'paidan[bench]' | {name} is not installed, left out", err=True
            )
    peers = tuple(name for name in peers if installed(name))
    # of the starter set an author's complaints stay together: siblings would make it look too easy
    normalise, recipe = Normaliser(), Recipe() if data else Recipe(group_by="batch")
    labelled = merge(read_labelled(data or starter_files(), parse_mapping(columns)), normalise.text_of).data
    examined = examine(labelled, recipe, normalise.text_of)
    found = cross_validate(labelled, examined, recipe, folds, Lexicon.load(), steps_progress(), peers)
    return {
        target: FiguresReport(
            said.outcome.headline() | bounds(said.outcome) | compare(target, said.outcome, said.peers),
            slices_of(said.outcome, said.rows, labelled, target),
        )
        for target, said in found.items()
    }


def _learning_curves(data: Sequence[Path], columns: tuple[str, ...], folds: int) -> Mapping[str, CurveReport]:
    from features.segment import Lexicon
    from training.curve.measure import FOLDS
    from training.curve.run import run_learning_curves
    from training.recipe import Recipe
    from training.tables.columns import parse_mapping
    from training.tracking import Tracker
    from training.written.starter import starter_files

    return run_learning_curves(
        data or starter_files(), parse_mapping(columns), Recipe() if data else Recipe(group_by="batch"),
        folds or FOLDS, Tracker(open_registry()), Lexicon.load(), steps_progress(),
    )  # fmt: skip
