"""The door's verbs for API keys, mounted by paidan.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from paidan_audit import store

if TYPE_CHECKING:
    from auditing.people.keys import KeyRing


@click.group()
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


def _keys() -> KeyRing:
    from auditing.people.keys import KeyRing

    return KeyRing(store())
