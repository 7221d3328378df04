"""The door's verbs for accounts of people, mounted by paidan.py."""

from __future__ import annotations

import sys
from typing import Any

import click

from paidan_audit import store, user

_ROLE = click.option(
    "--role",
    type=click.Choice(["reviewer", "lead", "admin"]),
    default="reviewer",
    show_default=True,
    help="审核员、组长、管理员 | each may do what those before it may",
)


@click.group()
def people() -> None:
    """审核台的账号 | accounts for the console."""


@people.command("add")
@click.argument("name")
@_ROLE
def people_add(name: str, role: str) -> None:
    """新建账号；密码会询问，或从标准输入读一行 | make an account; the password is asked for, or read from stdin."""
    from auditing.log.events import Role

    person = _people().add(name, _password(), Role(role), user() or "local")
    click.echo(f"已建立 added: {person.name} ({person.role}) {person.person_id}")


@people.command("list")
def people_list() -> None:
    """列出账号 | all accounts."""
    for person in _people().list():
        state = f"已停用 disabled {person.disabled_at:%Y-%m-%d}" if person.disabled_at else "有效 valid"
        click.echo(f"{person.person_id}  {person.role:8}  {person.created_at:%Y-%m-%d %H:%M}  {state}  {person.name}")


@people.command("disable")
@click.argument("name")
def people_disable(name: str) -> None:
    """停用账号，结束其会话 | let somebody in no more; open sessions end."""
    click.echo(f"已停用 disabled: {_people().disable(name, user() or 'local').name}")


@people.command("password")
@click.argument("name")
def people_password(name: str) -> None:
    """改密码，结束其会话；停用的账号随之恢复 | set a password; open sessions end, a disabled account is valid again."""
    click.echo(f"已更改 changed: {_people().set_password(name, _password(), user() or 'local').name}")


@people.command("role")
@click.argument("name")
@_ROLE
def people_role(name: str, role: str) -> None:
    """改角色 | give somebody another role."""
    from auditing.log.events import Role

    person = _people().set_role(name, Role(role), user() or "local")
    click.echo(f"已更改 changed: {person.name} ({person.role})")


def _people() -> Any:
    from auditing.people.accounts import People
    from auditing.people.passwords import Passwords

    return People(store(), Passwords())


def _password() -> str:
    """Ask for a password twice without showing it, or read it from a pipe."""
    if sys.stdin.isatty():
        asked: str = click.prompt("密码 password", hide_input=True, confirmation_prompt="再输一次 again")
        return asked
    return sys.stdin.readline().rstrip("\r\n")
