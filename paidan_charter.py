"""The door's verbs for the charter, mounted by paidan.py."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from paidan_audit import PATH, store, user

if TYPE_CHECKING:
    from pathlib import Path

    from auditing.charters.book import CharterBook, CharterChange
    from models.charter.articles import Charter
    from models.charter.finding import Finding
    from models.charter.resolution import Resolver

_REASON = click.option("--reason", required=True, help="原因，记入历史 | kept in the history")
_ACTOR = click.option("--actor", default=user, help="操作人 | who")
_AT = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"])


_MARKS = {"added": "+", "removed": "-", "changed": "~"}


@click.group()
def charter() -> None:
    """职责章程：检查、对照、启用、退回 | the charter: check, compare, activate, roll back."""


@charter.command("check")
@click.argument("file", type=PATH)
def charter_check(file: Path) -> None:
    """检查章程：缺口、重叠、未知代码、地名冲突、失效日期，各附行号和改法；有错误时以 1 结束 | gaps, overlaps, unknown codes, …"""
    from models.charter.checking import check
    from models.charter.reading import CharterUnreadable

    try:
        findings = check(read_charter_file(file), _today())
    except CharterUnreadable as unreadable:
        findings = unreadable.faults
    for finding in findings:
        click.echo(_line(file, finding))
    errors = sum(finding.severity == "error" for finding in findings)
    click.echo(f"{errors} 处错误 errors, {len(findings) - errors} 处提醒 warnings")
    if errors:
        sys.exit(1)


@charter.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--data", type=PATH, metavar="FILE", help="往日工单，须有 domain 列 | past tickets, with their domains")
@click.option(
    "--column", "columns", multiple=True, metavar="ROLE=NAME", help="列名对应，如 domain=l1 | which header plays a role"
)
def charter_diff(old: str, new: str, data: Path | None, columns: tuple[str, ...]) -> None:
    """对照两份章程（文件、编号、demo 或 active）；--data 另报往日工单会怎样改派 | what differs, and which past tickets would move."""
    from models.charter.difference import changes

    before, after = charter_called(old), charter_called(new)
    for change in changes(before, after):
        line = f"  {change.line}" if change.line else ""
        click.echo(f"{_MARKS[change.what]} {change.section} {change.code}{line}")
        for key, value in change.after.items():
            click.echo(f"    {key}: {change.before[key] or '–'} → {value or '–'}")
    if data is not None:
        _tell_moves(before, after, data, columns)


@charter.command("activate")
@click.argument("file", type=PATH)
@_REASON
@_ACTOR
def charter_activate(file: Path, reason: str, actor: str) -> None:
    """启用一份章程；有错误的不启用 | put a charter into force, unless its check finds errors."""
    from models.charter.reading import read_charter, text_of

    text = text_of(file.read_bytes(), file.name)
    # its faults are told by the name of the file
    read_charter(text, file.name)
    book = _book()
    kept = book.put(text, actor, reason)
    _show(book.activate(kept.number, actor, reason))


@charter.command("rollback")
@_REASON
@_ACTOR
def charter_rollback(reason: str, actor: str) -> None:
    """退回上一份章程 | return to the charter before."""
    _show(_book().rollback(actor, reason))


@charter.command("history")
@click.option("--at", type=_AT, help="当时生效的章程 | in force then")
def charter_history(at: Any) -> None:
    """章程的全部变更 | every change of the charter in force."""
    from auditing.charters.book import version_of

    book = _book()
    if at is not None:
        version = book.active(at.astimezone()).version
        click.echo(f"{version.version}  {version.name}")
        return
    for change in book.history():
        click.echo(
            f"{change.at.astimezone():%Y-%m-%d %H:%M:%S}  {change.kind:8}  {version_of(change.previous)} → "
            f"{version_of(change.number)}  {change.actor}  {change.reason}"
        )


@charter.command("show")
@click.option("--number", type=click.IntRange(min=0), help="第几号，0 为自带的示例 | which one, 0 for the demo")
def charter_show(number: int | None) -> None:
    """打印章程原文，默认为生效中的 | print a charter as it was written, by default the one in force."""
    book = _book()
    click.echo((book.active() if number is None else book.get(number)).text, nl=False)


def resolver_in_force() -> Resolver:
    """What resolves by the charter in force."""
    from models.charter.resolution import Resolver

    active = _book().active()
    return Resolver(active.read(), active.version)


def _book() -> CharterBook:
    from auditing.charters.book import CharterBook

    return CharterBook(store())


def read_charter_file(file: Path) -> Charter:
    """Read a charter from a file. Raises models.charter.reading.CharterUnreadable."""
    from models.charter.reading import read_charter, text_of

    return read_charter(text_of(file.read_bytes(), file.name), file.name)


def charter_called(reference: str) -> Charter:
    """Read the charter that is meant: a file, a number in the book, `demo`, or `active` for the one in force."""
    from pathlib import Path

    # first, so that what lies about in the folder does not change what a word means; ./demo is a file
    if reference == "active":
        return _book().active().read()
    if reference == "demo" or (reference.isascii() and reference.isdigit()):
        return _book().get(0 if reference == "demo" else int(reference)).read()
    if Path(reference).exists():
        return read_charter_file(Path(reference))
    raise click.BadParameter(f"{reference}：没有这个文件，也不是编号、demo 或 active | neither a file nor a version")


def _tell_moves(before: Charter, after: Charter, data: Path, columns: tuple[str, ...]) -> None:
    from models.charter.difference import PastTicket, moved
    from models.charter.requests import requests_of
    from training.tables.columns import parse_mapping
    from training.tables.dataset import read_labelled

    rows = read_labelled([data], parse_mapping(columns), need_labels=False)
    if "domain" not in rows.targets:
        raise ValueError(
            f"{data}：没有 domain 列，请写 --column domain=列名 | no column of domains; say --column domain=HEADER"
        )
    codes = {label: code for named in (after, before) for code, name in named.domains for label in (code, name)}
    tickets = []
    for index, label in enumerate(rows.labels("domain")):
        code = codes.get(label)
        if code is not None:
            said = rows.complaint(index)
            kind = requests_of(said.text, code)[0]
            tickets.append(PastTicket(str(rows.location(index).row), said, code, kind))
    found = moved(before, after, tickets, _today())
    total = sum(each.tickets for each in found)
    click.echo(f"{len(tickets):,} 件中 {total:,} 件改派 | {total:,} of {len(tickets):,} tickets would move")
    if len(tickets) < len(rows):
        skipped = len(rows) - len(tickets)
        click.echo(f"另有 {skipped:,} 件的 domain 不在章程中 | {skipped:,} more have a domain that no charter has")
    names = {office.code: office.name for named in (before, after) for office in named.offices}
    for each in found:
        source, target = (f"{code} {names[code]}" if code else "无人 nobody" for code in (each.source, each.target))
        click.echo(f"{each.tickets:>7,}  {source} → {target}  行 rows {', '.join(each.examples)}")


def _today() -> date:
    from auditing.cases.rows import CHINA

    return datetime.now(UTC).astimezone(CHINA).date()


def _line(file: Path, finding: Finding) -> str:
    label = "错误 error" if finding.severity == "error" else "提醒 warning"
    return (
        f"{file}:{finding.line}: {label}: {finding.message.zh}。{finding.remedy.zh}。 | "
        f"{finding.message.en}. {finding.remedy.en}."
    )


def _show(change: CharterChange) -> None:
    from auditing.charters.book import version_of

    click.echo(f"章程 charter: {version_of(change.previous)} → {version_of(change.number)}")
