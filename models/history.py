"""Which version was live when, and who changed it: an append-only list that the registry itself keeps.

Each change is one tag of the registered model, under a key that is never used twice. So the history lives where the
aliases live: several machines that share a registry share it, and it outlives any one of them. Pure functions over
changes; models.registry reads and writes the tags.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

HISTORY_TAG = "history."


class ChangeKind(StrEnum):
    """How the champion came to change. `outside`: by someone who moved the alias past this project's commands."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the champion, from version `previous` to `version` (None: no champion).

    `when` is timezone-aware (UTC). An outside change carries the time at which it was noticed, and no actor. `gate`
    says what the comparison with the champion before had found, empty where none was made.
    """

    when: datetime
    kind: ChangeKind
    actor: str
    reason: str
    previous: int | None
    version: int | None
    gate: str = ""


def next_moment(changes: Sequence[Change], clock: datetime) -> datetime:
    """Give the time for the next change: `clock`, but always after the last change, whatever the machines' clocks say."""
    return max(clock, changes[-1].when + timedelta(microseconds=1)) if changes else clock


def tag_key(change: Change) -> str:
    """Compose a new key that sorts by time; the random end keeps two machines from writing the same one."""
    return f"{HISTORY_TAG}{change.when.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}.{secrets.token_hex(4)}"


def tag_value(change: Change) -> str:
    """Write the change as one JSON object."""
    return json.dumps(
        {
            "when": change.when.astimezone(UTC).isoformat(),
            "kind": change.kind,
            "actor": change.actor,
            "reason": change.reason,
            "from": change.previous,
            "to": change.version,
            "gate": change.gate,
        },
        ensure_ascii=False,
    )


def read_changes(tags: Mapping[str, str]) -> tuple[Change, ...]:
    """Read the changes out of a registered model's tags, oldest first; other tags are passed over."""
    changes = []
    for key in sorted(key for key in tags if key.startswith(HISTORY_TAG)):
        entry = json.loads(tags[key])
        changes.append(
            Change(
                when=datetime.fromisoformat(entry["when"]),
                kind=ChangeKind(entry["kind"]),
                actor=entry["actor"],
                reason=entry["reason"],
                previous=entry["from"],
                version=entry["to"],
                gate=entry.get("gate", ""),
            ),
        )
    return tuple(changes)


def champion_at(changes: Sequence[Change], when: datetime) -> int | None:
    """Tell which version was champion at `when` (timezone-aware); None before the first promotion."""
    live = [change.version for change in changes if change.when <= when]
    return live[-1] if live else None


def previous_champion(changes: Sequence[Change], current: int | None) -> int | None:
    """Tell which version a rollback from `current` returns to.

    Rollbacks undo promotions one by one, like the steps of an editor: a second rollback goes further back and not
    forth again. None: there is nothing further back.
    """
    line: list[int] = []
    for change in changes:
        if change.kind is ChangeKind.ROLLBACK and change.version in line:
            while line[-1] != change.version:
                line.pop()
        elif change.version is not None and line[-1:] != [change.version]:
            line.append(change.version)
    if line[-1:] == [current]:
        line.pop()
    return line[-1] if line else None
