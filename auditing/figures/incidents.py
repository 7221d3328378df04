"""Incidents: what somebody should be told of when it begins and when it is over, each once.

Pure, but for `Ledger`, which keeps in a file what is open and what has not been told yet, so that a restart tells
nothing twice and forgets nothing.
"""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Self


class Trouble(StrEnum):
    """What an incident is about."""

    DRIFT = "drift"
    ACCURACY = "accuracy"
    VERSION_REFUSED = "version_refused"


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be in trouble: a kind of drift or of accuracy of a target, or a version as a whole.

    `version` is the version that it happens to; of a refused one, that one.
    """

    trouble: Trouble
    version: str
    kind: str = ""
    target: str = ""


class Verdict(NamedTuple):
    """Whether it is in trouble, None while that cannot be told, and the figure that says so."""

    troubled: bool | None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """A subject's trouble since a moment; `incident_id` is the same when it begins and when it ends."""

    subject: Subject
    incident_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """Word that an incident has begun or ended."""

    event: str
    incident: Incident
    at: datetime
    value: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON: codes, figures and moments; nothing of any complaint."""
        subject = self.incident.subject
        return {
            "event": self.event,
            "incident_id": self.incident.incident_id,
            "incident": subject.trouble.value,
            "kind": subject.kind,
            "target": subject.target,
            "version": subject.version,
            "since": self.incident.since.isoformat(),
            "at": self.at.isoformat(),
            "value": self.value,
            "message": _SAID[subject.trouble, self.event].format(**asdict(subject)),
        }


BEGUN, ENDED = "begun", "ended"

_SAID: Mapping[tuple[Trouble, str], str] = {
    (
        Trouble.DRIFT,
        BEGUN,
    ): "版本 {version} 的投诉发生漂移（{kind} {target}）| complaints to version {version} drift ({kind} {target})",
    (
        Trouble.DRIFT,
        ENDED,
    ): "版本 {version} 的漂移已结束（{kind} {target}）| version {version} drifts no more ({kind} {target})",
    (
        Trouble.ACCURACY,
        BEGUN,
    ): "版本 {version} 的准确率低于下限（{kind} {target}）| version {version}: accuracy below the floor ({kind} {target})",
    (
        Trouble.ACCURACY,
        ENDED,
    ): "版本 {version} 的准确率不再低于下限（{kind} {target}）| version {version}: accuracy no longer below the floor ({kind} {target})",
    (
        Trouble.VERSION_REFUSED,
        BEGUN,
    ): "版本 {version} 未通过校验，原版本继续服务 | version {version} failed its checks, the one before goes on",
    (Trouble.VERSION_REFUSED, ENDED): "版本 {version} 不再被拒 | version {version} is refused no more",
}


@dataclass(frozen=True, slots=True)
class Ledger:
    """The open incidents and the notices that have not been delivered, oldest first."""

    open: tuple[Incident, ...] = ()
    undelivered: tuple[Mapping[str, Any], ...] = ()

    def after(self, verdicts: Mapping[Subject, Verdict], at: datetime) -> "Ledger":
        """Give what is open after these verdicts, with the notices of what has begun and ended by them.

        What no verdict speaks of, or none can tell, stays as it is.
        """
        still, notices = [], []
        for incident in self.open:
            verdict = verdicts.get(incident.subject, _UNKNOWN)
            if verdict.troubled is False:
                notices.append(Notice(ENDED, incident, at, verdict.value))
            else:
                still.append(incident)
        known = {incident.subject for incident in self.open}
        for subject, verdict in verdicts.items():
            if verdict.troubled and subject not in known:
                begun = Incident(subject, secrets.token_hex(8), at)
                still.append(begun)
                notices.append(Notice(BEGUN, begun, at, verdict.value))
        return Ledger(tuple(still), (*self.undelivered, *(each.to_dict() for each in notices)))

    def delivered(self) -> "Ledger":
        """Give it without the oldest notice."""
        return Ledger(self.open, self.undelivered[1:])

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read it back; an empty one where the file is not there, or is none of ours."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(_incidents(kept["open"])), tuple(map(dict, kept["undelivered"])))
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return cls()

    def write(self, path: Path) -> None:
        """Write it, whole or not at all."""
        kept = {
            "open": [
                asdict(each.subject) | {"incident_id": each.incident_id, "since": each.since.isoformat()}
                for each in self.open
            ],
            "undelivered": list(self.undelivered),
        }
        scratch = path.with_name(f"{path.name}.{os.getpid()}")
        scratch.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        scratch.replace(path)


_UNKNOWN = Verdict(None)


def _incidents(kept: Iterable[Mapping[str, Any]]) -> Iterable[Incident]:
    for each in kept:
        subject = Subject(Trouble(each["trouble"]), each["version"], each["kind"], each["target"])
        yield Incident(subject, each["incident_id"], datetime.fromisoformat(each["since"]))
