"""The door: one command line. Verbs parse, call, and print; what they call is imported when they are."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import click

from paidan_audit import PATH, audit, open_registry, read_settings, store, user
from paidan_charter import charter, charter_called, resolver_in_force
from paidan_evaluate import COLUMN, DATA, MODEL, evaluate
from paidan_keys import keys
from paidan_models import load_version, models, promote_version
from paidan_people import people
from paidan_progress import interruptible, rows_progress, steps_progress, trials_progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from training.gate.report import GateReport
    from training.recipe import Recipe
    from training.run import Trained
    from training.tuning.search import Tuning


_TRUST_LEARNT = (
    "章程：已学会模型与它各信几分；科室的阈值和集合按两者合并后的概率选定 | charter: trust in it is learnt, and the office's "
    "thresholds and sets are chosen on what both say together"
)
_NO_OFFICE_IN_COMMON = (
    "章程：与数据的科室没有共同的单位，不参与科室的答复 | charter: it has no office in common with the data, and no part in "
    "answers about offices"
)


_SAMENESS = {
    "equal": "相同 equal",
    "same answer": "结论相同，数值有出入 same answer, other figures",
    "differs": "不同 differs",
    "altered": "存档已被改动，与摘要不符 altered: the stored texts do not fit their digests",
}


def main() -> None:
    """Run the command line; a fault that a person can mend ends with status 2 and a sentence, not with a trace."""
    from auditing.errors import AuditingError
    from models.versions import RegistryError
    from training.errors import Refused

    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("已中断 | interrupted", err=True)
        sys.exit(130)
    # a damaged bundle and a setting that makes no sense are ValueErrors; their modules would make help wait a second
    except (Refused, RegistryError, AuditingError, ValueError, OSError) as fault:
        if os.environ.get("PAIDAN_TRACE"):
            raise
        click.secho(f"paidan: {fault}", fg="red", err=True)
        sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="paidan")
def cli() -> None:
    """派单：投诉工单分派。从带标注的投诉学习，预测领域和责任科所。

    Complaint triage: learn from labelled complaints, predict domain and responsible office.
    """


@cli.command()
@DATA
@COLUMN
@click.option("--seed", default=0, show_default=True, help="随机种子 | seed of splits")
@click.option(
    "--charter",
    default="active",
    show_default=True,
    metavar="CHARTER",
    help="职责章程（文件、编号、demo 或 active 生效的那一份）：学习模型与它各信几分 | charter to be answered with: how far to trust it is learnt",
)
@click.option(
    "--tune",
    "trials",
    type=click.IntRange(min=2),
    is_flag=False,
    flag_value=20,
    default=None,
    metavar="[N]",
    help="先在训练行上交叉验证，试 N 种配方（默认 20），明显更好的才用；Ctrl-C 停止寻优、继续训练 | first try N recipes (20) by "
    "cross-validation; a clearly better one is used; Ctrl-C ends the search, not the training",
)
@click.option(
    "--tune-minutes",
    "minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=30,
    show_default=True,
    metavar="M",
    help="寻优最多几分钟 | minutes that the search takes at most",
)
@click.option(
    "--coverage",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.95,
    show_default=True,
    help="答复里的集合含正确答案的比例，0 为不要集合 | share of the answers' sets that are to hold the right one, 0 for no sets",
)
def train(
    data: tuple[Path, ...],
    columns: tuple[str, ...],
    seed: int,
    charter: str,
    trials: int | None,
    minutes: float,
    coverage: float,
) -> None:
    """训练并登记一个版本（challenger）；不给 --data 时用自带的起步集 | train and register a version."""
    from training.recipe import Recipe

    recipe = Recipe(seed=seed, sets=f"smallest set @ coverage >= {coverage}" if coverage else "")
    tuning = None
    if trials is not None:
        from training.tuning.search import Tuning

        tuning = Tuning(trials, minutes, interruptible, trials_progress(trials))
    trained = _train(data, columns, charter, recipe, tuning)
    click.echo(_summary(trained))
    click.echo(f"已登记 registered: {trained.version.name} 版本 version {trained.version.number} → challenger")
    click.echo(f"启用 to serve it: paidan models promote {trained.version.number} --reason '…'")


@cli.command()
@click.argument("source", type=PATH)
@click.option("-o", "--output", "target", type=PATH, required=True, help="输出文件 | output file")
@COLUMN
@MODEL
def predict(source: Path, target: Path, columns: tuple[str, ...], model: str) -> None:
    """给一个文件批量打分 | score a file: CSV, TSV, XLSX, JSONL or Parquet."""
    from training.bulk.score import score_file
    from training.tables.columns import parse_mapping

    resolver = resolver_in_force()
    report = score_file(source, target, load_version(model), resolver, parse_mapping(columns), rows_progress())
    click.echo(report.to_text(), err=True)


for _verbs in (evaluate, audit, charter, people, models, keys):
    cli.add_command(_verbs)


@cli.command()
@click.argument("prediction_id")
def replay(prediction_id: str) -> None:
    """用当时的版本重算一条预测并比较 | score a stored input with the stored version and compare."""
    from auditing.charters.book import CharterBook
    from auditing.log.accesses import NOBODY, AccessLog, Action
    from auditing.reruns.replay import Sameness, again_as
    from auditing.reruns.replay import replay as again

    engine = store()
    AccessLog(engine).record(NOBODY, Action.VIEW, prediction_id, "replay")
    book = CharterBook(engine)
    found = again(engine, prediction_id, again_as(book, lambda model: load_version(f"{model.name}/{model.version}")))
    click.echo(
        f"{found.prediction_id}  {found.model.name} {found.model.version}"
        f"{f'  章程 charter {found.charter.version}' if found.charter else ''}  {_SAMENESS[found.sameness.value]}"
    )
    now = book.active().version
    if found.charter is not None and found.charter != now:
        click.echo(f"现行章程已是 {now.version}，按当时的章程重算 | charter {now.version} is in force now")
    for each in found.differences:
        click.echo(f"  {each.where}: {each.stored} → {each.now}")
    if found.hidden:
        click.echo(
            "输入按规定以遮盖后的文本保存，模型当时看到的是原文，数值可能略有出入 | the input is stored with personal data "
            "hidden, and the model saw the original: figures may differ a little"
        )
    if found.sameness in (Sameness.DIFFERS, Sameness.ALTERED):
        sys.exit(1)


@cli.command()
@click.option("--workers", type=int, default=None, help="进程数 | processes")
def serve(workers: int | None) -> None:
    """启动服务；设置来自 PAIDAN_ 环境变量 | serve; settings come from PAIDAN_ variables."""
    from serving.champion import REGISTRY, load_champion
    from serving.serve import run

    settings = read_settings()
    if workers is not None:
        settings = settings.model_copy(update={"workers": workers})
    sys.exit(run(settings, load_champion, REGISTRY))


@cli.command("run")
@DATA
@COLUMN
def run_all(data: tuple[Path, ...], columns: tuple[str, ...]) -> None:
    """没有模型就先训练，然后在本机提供服务 | train where there is no champion, then serve on loopback."""
    from serving.champion import REGISTRY, load_champion
    from serving.example import show_example
    from serving.serve import run
    from serving.settings import Settings

    if data or open_registry().last_known_champion() is None:
        trained = _train(data, columns)
        click.echo(_summary(trained))
        # whoever starts a service on loopback with a file wants to see it served; the gate's finding is shown and kept
        promote_version(str(trained.version.number), user(), "paidan run", override=True)
    settings = Settings(require_keys=False)
    click.echo("本机调试：不需要密钥 | on loopback: no API key is needed (PAIDAN_REQUIRE_KEYS=0)")
    address = f"http://{settings.host}:{settings.port}"
    threading.Thread(target=show_example, args=(address, click.echo), daemon=True).start()
    sys.exit(run(settings, load_champion, REGISTRY))


def _train(
    data: Sequence[Path],
    columns: tuple[str, ...],
    charter: str = "active",
    recipe: Recipe | None = None,
    tuning: Tuning | None = None,
) -> Trained:
    from auditing.log.identity import load_or_create_key
    from features.segment import Lexicon
    from training.recipe import Recipe
    from training.run import train as run_training
    from training.tables.columns import parse_mapping
    from training.tracking import Tracker
    from training.written.starter import starter_files

    if not data:
        click.echo(
            "使用自带的起步集（为本项目编写，并非收集所得） | training on the starter set (written, not collected)"
        )
    division = charter_called(charter)

    def on_gate(report: GateReport) -> None:
        click.echo(report.to_text())
        click.echo(f"职责章程 charter: {charter} {division.name}")

    return run_training(
        data or starter_files(), parse_mapping(columns), recipe or Recipe(),
        Tracker(open_registry(), load_or_create_key(read_settings().digest_key_path)), Lexicon.load(),
        steps_progress(), on_gate=on_gate,
        charter=division,
        tuning=tuning,
    )  # fmt: skip


def _summary(trained: Trained) -> str:
    lines = [trained.split, *([] if trained.search is None else [trained.search.sentence])]
    lines.append(_NO_OFFICE_IN_COMMON if trained.trust is None else _TRUST_LEARNT)
    for target, report in trained.reports.items():
        lines += [target, report.to_text()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
