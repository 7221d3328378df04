"""The door's verbs for versions, mounted by paidan.py, and how verbs reach a version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from paidan_audit import open_registry, read_settings, user

if TYPE_CHECKING:
    from models.triage import TriageModel


def load_version(reference: str) -> TriageModel:
    """Fetch, verify and load the version that `reference`, a number or an alias, names."""
    from models.triage import TriageModel

    registry = open_registry()
    info = registry.resolve(reference)
    return TriageModel.load(registry.fetch(info), info.model)


def promote_version(reference: str, actor: str, reason: str, *, override: bool) -> None:
    """Compare with the champion, say what was found, and promote unless that speaks against it."""
    from training.promotion.contest import compare, promote
    from training.promotion.protection import SHIPPED, read_protected

    registry, table = open_registry(), read_settings().protected_file or SHIPPED
    version = registry.resolve(reference)
    comparison = compare(registry, version, read_protected(table))
    if comparison is not None:
        click.echo(comparison.to_text())
    change = promote(registry, version, comparison, actor=actor, reason=reason, override=override)
    click.echo(f"champion: {change.previous or '-'} → {change.version}")


@click.group()
def models() -> None:
    """模型版本：查看、启用、回退 | versions: list, promote, roll back."""


@models.command("list")
def models_list() -> None:
    """列出全部版本 | all versions, newest first."""
    versions = open_registry().versions()
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

    registry = open_registry()
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
    promote_version(version, actor, reason, override=override)


@models.command("rollback")
@click.option("--reason", default="", help="原因，记入历史 | kept in the history")
@click.option("--actor", default=user, help="操作人 | who")
def models_rollback(reason: str, actor: str) -> None:
    """退回上一个 champion | return to the champion before."""
    change = open_registry().rollback(actor, reason)
    click.echo(f"champion: {change.previous or '-'} → {change.version}")


@models.command("history")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]), help="当时在用的版本 | live then"
)
def models_history(at: Any) -> None:
    """Champion 的全部变更 | every change of the champion."""
    registry = open_registry()
    if at is not None:
        live = registry.champion_at(at.astimezone())
        click.echo("无 none" if live is None else str(live))
        return
    for change in registry.history():
        click.echo(
            f"{change.when:%Y-%m-%d %H:%M:%S}  {change.kind:9} {change.previous or '-'} → {change.version}  "
            f"{change.actor}  {change.reason}{f'  [{change.gate}]' if change.gate else ''}"
        )
