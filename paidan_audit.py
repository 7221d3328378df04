"""The door's audit verbs, mounted by paidan.py, and how verbs reach settings, store and registry."""

from __future__ import annotations

import getpass
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from auditing.log.verify import ChainReport
    from auditing.store.chain import Head
    from models.registry import Registry
    from serving.settings import Settings

PATH = click.Path(path_type=Path, exists=False)
"""A file's name."""


def read_settings() -> Settings:
    """The settings in the environment."""
    from serving.settings import Settings

    return Settings()


def store() -> Engine:
    """The store of the case log, its schema up to date. Raises StoreUnsuitable, StoreUnavailable."""
    from auditing.store.database import open_engine, prepare

    engine = open_engine(read_settings().caselog_url)
    prepare(engine)
    return engine


def open_registry() -> Registry:
    """The registry of versions that the settings name."""
    from models.bundle import verify_bundle
    from models.registry import Registry

    settings = read_settings()
    return Registry.under(settings.home, verify_bundle, settings.tracking_uri, settings.model_name)


def user() -> str:
    """Who runs this; empty where the machine has no name for the number, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


@click.group()
def audit() -> None:
    """审核：标注导出、错派报告、日志校验、到期清除 | labels, misroutes, verification, retention."""


@audit.command("export")
@click.argument("target", type=PATH, metavar="OUT.parquet")
@click.option(
    "--outcomes", is_flag=True, help="连同单位已签收或办结的工单 | also tickets that an office accepted or closed"
)
def audit_export(target: Path, outcomes: bool) -> None:  # noqa: FBT001
    """导出人工审核过的标注，供 paidan train --data 使用 | the labels that people gave, to train on."""
    from auditing.cases.export import export_labels
    from auditing.log.accesses import NOBODY
    from training.bulk.output import replacing

    if target.suffix.lower() != ".parquet":
        raise click.BadParameter(f"{target.name}：请以 .parquet 结尾 | must end in .parquet")
    engine = store()
    with replacing(target) as file:
        found = export_labels(engine, file, NOBODY, outcomes=outcomes)
    removed = f"；原文已按期删除 text removed: {found.removed:,}" if found.removed else ""
    click.echo(f"已导出 exported: {found.rows:,} → {target}{removed}")


@audit.command("report")
@click.argument("target", type=PATH, metavar="OUT.xlsx")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="从这一天起 | from this day on")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="到这一天前 | to before this day")
def audit_report(target: Path, since: Any, until: Any) -> None:
    """错派报告：各项指标（含分母）与混淆表；.xlsx 或 .csv（只含指标） | figures with denominators, confusions."""
    from auditing.cases.rows import CHINA
    from auditing.figures.measures import Window
    from auditing.figures.misroutes import Chosen
    from auditing.figures.report import figures_table, report
    from auditing.figures.tables import write_csv, write_xlsx
    from models.taxonomy import known_names
    from training.bulk.output import replacing

    if target.suffix.lower() not in (".xlsx", ".csv"):
        raise click.BadParameter(f"{target.name}：请以 .xlsx 或 .csv 结尾 | must end in .xlsx or .csv")
    window = Window(*(day and day.replace(tzinfo=CHINA) for day in (since, until)))
    engine, names = store(), {**known_names("domain"), **known_names("office")}
    _case_book(engine).refresh()
    with replacing(target) as file:
        if target.suffix.lower() == ".csv":
            write_csv(file, figures_table(engine, window, names))
        else:
            write_xlsx(file, report(engine, Chosen(window), names))
    click.echo(f"已写出 written: {target}")


@audit.command("suspect")
def audit_suspect() -> None:
    """找出标注疑似有误的工单，放进审核队列 | put cases whose label is probably wrong into the queue."""
    from auditing.figures.suspicion import suspected_cases

    engine = store()
    book = _case_book(engine)
    book.refresh()
    found = suspected_cases(engine)
    book.suspect(found)
    click.echo(f"疑似标注错误 suspected label errors: {len(found):,}")


@audit.command("verify")
@click.option(
    "--expect",
    "expected",
    multiple=True,
    metavar="CHAIN:ROWS:LINK",
    help="以前抄下的链尾，可多次给出 | an end that was written down earlier",
)
def audit_verify(expected: tuple[str, ...]) -> None:
    """校验案例日志的哈希链：找出被改、被删、被插入或被移动的行 | find rows that were edited, removed, put in or moved."""
    from auditing.log.verify import verify

    reports = verify(store(), _anchors(expected))
    for report in reports:
        _show(report)
    if any(report.faults for report in reports):
        sys.exit(1)


@audit.command("retain")
@click.option("--older-than", "days", type=click.IntRange(min=1), required=True, metavar="DAYS", help="天 | days")
def audit_retain(days: int) -> None:
    """清除早于若干天的投诉原文与说明，保留摘要，哈希链仍可校验 | remove old texts; digests stay and the chain verifies."""
    from auditing.log.retention import retain

    done = retain(store(), timedelta(days=days), user() or "local")
    click.echo(
        f"已清除 removed before {done.before:%Y-%m-%d %H:%M} UTC: "
        f"{done.predictions:,} 条预测 predictions, {done.events:,} 条说明 notes"
    )


def _show(report: ChainReport) -> None:
    state = f"{len(report.faults)} 处不符 faults" if report.faults else "完好 intact"
    click.echo(f"{report.chain:12} {report.rows:>10,} 行 rows  {state}")
    for fault in report.faults:
        rows = str(fault.seq) if fault.last == fault.seq else f"{fault.seq}-{fault.last}"
        click.echo(f"  {fault.damage:9} {rows}: {fault.what}")
    if not report.faults:
        click.echo(f"  {report.chain}:{report.head.length}:{report.head.link}")


def _anchors(expected: tuple[str, ...]) -> dict[str, list[Head]]:
    from auditing.store.chain import CHAINS, Head

    anchors: dict[str, list[Head]] = {}
    for each in expected:
        chain, _, rest = each.partition(":")
        length, _, link = rest.partition(":")
        if chain not in CHAINS or not length.isdigit() or not link:
            raise click.BadParameter(f"{each}：应为 CHAIN:ROWS:LINK，照抄校验的输出 | copy what verify prints")
        anchors.setdefault(chain, []).append(Head(int(length), link))
    return anchors


def _case_book(engine: Engine) -> Any:
    from auditing.cases.book import CaseBook
    from auditing.cases.doubts import handled_by
    from auditing.figures.profile import reference_in
    from auditing.log.identity import load_or_create_key
    from models.bundle import read_manifest

    chosen = read_settings()
    champion = open_registry().last_known_champion()
    reference = reference_in(read_manifest(champion.path)) if champion else None
    return CaseBook(
        engine,
        load_or_create_key(chosen.digest_key_path),
        sample_rate=chosen.audit_sample_rate,
        handled=handled_by(reference.pairs) if reference else {},
    )
