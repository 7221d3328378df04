"""The door: one command line. Verbs parse, call, and print; what they call is imported when they are."""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from paidan_audit import PATH, audit, read_settings, store, user
from paidan_people import people

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from models.registry import Registry
    from training.run import Trained

_DATA = click.option(
    "--data",
    "data",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="带标注的投诉文件，可多次给出 | labelled complaints",
)
_COLUMN = click.option(
    "--column", "columns", multiple=True, metavar="ROLE=NAME", help="列名对应，如 domain=l1 | which header plays a role"
)
_MODEL = click.option(
    "--model", default="champion", show_default=True, metavar="VERSION", help="模型版本 | which version"
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
@_DATA
@_COLUMN
@click.option("--seed", default=0, show_default=True, help="随机种子 | seed of splits")
def train(data: tuple[Path, ...], columns: tuple[str, ...], seed: int) -> None:
    """训练并登记一个版本（challenger）；不给 --data 时用自带的起步集 | train and register a version."""
    trained = _train(data, columns, seed)
    click.echo(_summary(trained))
    click.echo(f"已登记 registered: {trained.version.name} 版本 version {trained.version.number} → challenger")
    click.echo(f"启用 to serve it: paidan models promote {trained.version.number} --reason '…'")


@cli.command()
@_DATA
@_COLUMN
@_MODEL
@click.option(
    "--folds", default=0, metavar="N", help="不用已有版本，改做 N 折交叉验证 | cross-validate the recipe instead"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON | print JSON")
def evaluate(data: tuple[Path, ...], columns: tuple[str, ...], model: str, folds: int, as_json: bool) -> None:  # noqa: FBT001
    """在带标注的文件上测一个版本 | measure a version on labelled rows."""
    if not data and not folds:
        raise click.UsageError("给出 --data FILE | --data FILE is needed")
    figures = _cross_validate(data, columns, folds) if folds else _evaluate(data, columns, model)
    if as_json:
        # JSON knows no NaN: where there was nothing to divide by, there is null
        plain = {target: {k: v if math.isfinite(v) else None for k, v in f.items()} for target, f in figures.items()}
        click.echo(json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False))
        return
    for target, found in figures.items():
        click.echo(target)
        for name, value in found.items():
            click.echo(f"  {name:20} {value:.4f}" if isinstance(value, float) else f"  {name:20} {value}")


@cli.command()
@click.argument("source", type=PATH)
@click.option("-o", "--output", "target", type=PATH, required=True, help="输出文件 | output file")
@_COLUMN
@_MODEL
def predict(source: Path, target: Path, columns: tuple[str, ...], model: str) -> None:
    """给一个文件批量打分 | score a file: CSV, TSV, XLSX, JSONL or Parquet."""
    from training.bulk import score_file
    from training.columns import parse_mapping

    report = score_file(source, target, _load(model), parse_mapping(columns), _rows_progress())
    click.echo(report.to_text(), err=True)


cli.add_command(audit)
cli.add_command(people)


@cli.group()
def models() -> None:
    """模型版本：查看、启用、回退 | versions: list, promote, roll back."""


@models.command("list")
def models_list() -> None:
    """列出全部版本 | all versions, newest first."""
    versions = _registry().versions()
    if not versions:
        click.echo("还没有版本；先运行 paidan train | no version yet; run: paidan train")
    for info in versions:
        figures = "  ".join(
            f"{name} {value:.3f}" for name, value in info.metrics.items() if name.endswith(("accuracy", "macro_f1"))
        )
        click.echo(f"{info.number:>4}  {info.created_at:%Y-%m-%d %H:%M}  {','.join(info.aliases) or '-':22}  {figures}")


@models.command("show")
@click.argument("version", default="champion")
def models_show(version: str) -> None:
    """一个版本的清单：数据、配方、成绩、阈值 | a version's manifest."""
    from models.bundle import verify_bundle

    registry = _registry()
    manifest = verify_bundle(registry.fetch(registry.resolve(version)))
    # digests and distributions are for machines
    manifest["about"].pop("profile", None)
    click.echo(json.dumps({k: v for k, v in manifest.items() if k != "files"}, ensure_ascii=False, indent=2))


@models.command("promote")
@click.argument("version", default="challenger")
@click.option("--reason", default="", help="原因，记入历史 | kept in the history")
@click.option("--actor", default=user, help="操作人 | who")
@click.option(
    "--override", is_flag=True, help="受保护类别下降也启用，须写 --reason | in spite of the gate, with a reason"
)
def models_promote(version: str, reason: str, actor: str, override: bool) -> None:  # noqa: FBT001
    """与现在的 champion 比较，过关才启用 | compare with the champion, and make it the champion if nothing speaks against it."""
    _promote(version, actor, reason, override=override)


@models.command("rollback")
@click.option("--reason", default="", help="原因，记入历史 | kept in the history")
@click.option("--actor", default=user, help="操作人 | who")
def models_rollback(reason: str, actor: str) -> None:
    """退回上一个 champion | return to the champion before."""
    change = _registry().rollback(actor, reason)
    click.echo(f"champion: {change.previous or '-'} → {change.version}")


@models.command("history")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]), help="当时在用的版本 | live then"
)
def models_history(at: Any) -> None:
    """Champion 的全部变更 | every change of the champion."""
    registry = _registry()
    if at is not None:
        live = registry.champion_at(at.astimezone())
        click.echo("无 none" if live is None else str(live))
        return
    for change in registry.history():
        click.echo(
            f"{change.when:%Y-%m-%d %H:%M:%S}  {change.kind:9} {change.previous or '-'} → {change.version}  "
            f"{change.actor}  {change.reason}{f'  [{change.gate}]' if change.gate else ''}"
        )


@cli.group()
def keys() -> None:
    """接口密钥 | API keys."""


@keys.command("create")
@click.option("--label", required=True, help="给谁用 | who uses it")
@click.option(
    "--scope", "scopes", multiple=True, default=("predict",), show_default=True, help="predict, outcome, review, admin"
)
def keys_create(label: str, scopes: tuple[str, ...]) -> None:
    """新建密钥，只显示这一次 | make a key; it is shown once."""
    new = _keys().create(label, scopes)
    click.echo(new.token)


@keys.command("list")
def keys_list() -> None:
    """列出密钥（不含密钥本身） | keys, without the secrets."""
    for key in _keys().list():
        state = "已撤销 revoked" if key.revoked_at else "有效 valid"
        click.echo(
            f"{key.key_id}  {','.join(sorted(key.scopes)):22}  {key.created_at:%Y-%m-%d %H:%M}  {state}  {key.label}"
        )


@keys.command("revoke")
@click.argument("key_id")
def keys_revoke(key_id: str) -> None:
    """撤销密钥 | revoke a key."""
    click.echo(f"已撤销 revoked: {_keys().revoke(key_id).key_id}")


@cli.command()
@click.argument("prediction_id")
def replay(prediction_id: str) -> None:
    """用当时的版本重算一条预测并比较 | score a stored input with the stored version and compare."""
    from auditing.accesses import NOBODY, AccessLog, Action
    from auditing.replay import Sameness
    from auditing.replay import replay as again

    engine = store()
    AccessLog(engine).record(NOBODY, Action.VIEW, prediction_id, "replay")
    found = again(engine, prediction_id, lambda version: _load(f"{version.name}/{version.version}").triage)
    click.echo(f"{found.prediction_id}  {found.model.name} {found.model.version}  {_SAMENESS[found.sameness.value]}")
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
@_DATA
@_COLUMN
def run_all(data: tuple[Path, ...], columns: tuple[str, ...]) -> None:
    """没有模型就先训练，然后在本机提供服务 | train where there is no champion, then serve on loopback."""
    from serving.champion import REGISTRY, load_champion
    from serving.example import show_example
    from serving.serve import run
    from serving.settings import Settings

    if data or _registry().last_known_champion() is None:
        trained = _train(data, columns, 0)
        click.echo(_summary(trained))
        # whoever starts a service on loopback with a file wants to see it served; the gate's finding is shown and kept
        _promote(str(trained.version.number), user(), "paidan run", override=True)
    settings = Settings(require_keys=False)
    click.echo("本机调试：不需要密钥 | on loopback: no API key is needed (PAIDAN_REQUIRE_KEYS=0)")
    address = f"http://{settings.host}:{settings.port}"
    threading.Thread(target=show_example, args=(address, click.echo), daemon=True).start()
    sys.exit(run(settings, load_champion, REGISTRY))


def _registry() -> Registry:
    from models.bundle import verify_bundle
    from models.registry import Registry

    settings = read_settings()
    return Registry.under(settings.home, verify_bundle, settings.tracking_uri, settings.model_name)


def _promote(reference: str, actor: str, reason: str, *, override: bool) -> None:
    from training.promotion import compare, promote
    from training.protection import SHIPPED, read_protected

    registry, table = _registry(), read_settings().protected_file or SHIPPED
    version = registry.resolve(reference)
    comparison = compare(registry, version, read_protected(table))
    if comparison is not None:
        click.echo(comparison.to_text())
    change = promote(registry, version, comparison, actor=actor, reason=reason, override=override)
    click.echo(f"champion: {change.previous or '-'} → {change.version}")


def _keys() -> Any:
    from auditing.keys import KeyRing

    return KeyRing(store())


def _load(reference: str) -> Any:
    from models.triage import TriageModel

    registry = _registry()
    info = registry.resolve(reference)
    return TriageModel.load(registry.fetch(info), info.model)


def _train(data: Sequence[Path], columns: tuple[str, ...], seed: int) -> Trained:
    from auditing.identity import load_or_create_key
    from features.segment import Lexicon
    from training.columns import parse_mapping
    from training.recipe import Recipe
    from training.run import train as run_training
    from training.starter import starter_files
    from training.tracking import Tracker

    if not data:
        click.echo(
            "使用自带的起步集（为本项目编写，并非收集所得） | training on the starter set (written, not collected)"
        )
    return run_training(
        data or starter_files(), parse_mapping(columns), Recipe(seed=seed),
        Tracker(_registry(), load_or_create_key(read_settings().digest_key_path)), Lexicon.load(),
        _steps_progress(), on_gate=lambda report: click.echo(report.to_text()),
    )  # fmt: skip


def _evaluate(data: Sequence[Path], columns: tuple[str, ...], model: str) -> dict[str, dict[str, float]]:
    from training.columns import parse_mapping
    from training.dataset import read_labelled
    from training.evaluate import evaluate as measure

    loaded = _load(model)
    found = measure(loaded, read_labelled(data, parse_mapping(columns)))
    if not found:
        answers = ", ".join(loaded.targets)
        raise ValueError(
            f"文件没有这个版本所答的标签（{answers}），无从比较；请写 --column {answers.split(',')[0]}=<列名> | "
            f"the files have no labels for what this version answers ({answers}); say --column ROLE=HEADER"
        )
    return {target: evaluation.to_dict() for target, evaluation in found.items()}


def _cross_validate(data: Sequence[Path], columns: tuple[str, ...], folds: int) -> dict[str, dict[str, float]]:
    from features.normalise import Normaliser
    from features.segment import Lexicon
    from training.columns import parse_mapping
    from training.dataset import read_labelled
    from training.evaluate import cross_validate
    from training.gate import examine
    from training.merge import merge
    from training.recipe import Recipe
    from training.starter import starter_files

    # of the starter set an author's complaints stay together: siblings would make it look too easy
    normalise, recipe = Normaliser(), Recipe() if data else Recipe(group_by="batch")
    labelled = merge(read_labelled(data or starter_files(), parse_mapping(columns)), normalise.text_of).data
    examined = examine(labelled, recipe, normalise.text_of)
    found = cross_validate(labelled, examined, recipe, folds, Lexicon.load(), _steps_progress())
    return {target: said.headline() for target, said in found.items()}


def _summary(trained: Trained) -> str:
    lines = [trained.split]
    for target, said in trained.held_out.items():
        figures = said.headline() | dict(trained.against[target])
        lines.append(
            f"{target}  "
            + "  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items())
        )
    return "\n".join(lines)


def _steps_progress() -> Callable[[str, int, int], None]:
    started = time.monotonic()

    def tell(step: str, done: int, of: int) -> None:
        if done == of or sys.stderr.isatty():
            click.echo(f"[{time.monotonic() - started:6.1f} s] {step}: {done}/{of}", err=True)

    return tell


def _rows_progress() -> Callable[[int, int | None], None]:
    def tell(done: int, of: int | None) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{done:,}{f' / {of:,}' if of else ''} 行 rows", nl=False, err=True)

    return tell


if __name__ == "__main__":
    main()
