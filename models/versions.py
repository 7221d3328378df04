"""Versions of the registered model: how one refers to them, what is known of them, what can be wrong with them.

RegistryError
├── UnknownVersion        the reference names no version
├── VersionDamaged        the version's bundle fails its checks
├── NoPreviousChampion    there is nothing to roll back to
└── RegistryUnavailable   MLflow does not answer
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.prediction import ModelVersion

MODEL_NAME = "complaint-triage"
CHAMPION = "champion"
CHALLENGER = "challenger"

TARGETS_TAG = "targets"
METRIC_TAG = "metric."

_REFERENCE = re.compile(
    r"(?:models:/)?(?:(?P<name>[^@/]+)(?:@(?P<alias>[\w-]+)|/v?(?P<number>\d+))|v?(?P<bare>\d+)|(?P<word>[^@/]+))"
)

_CREDENTIALS = re.compile(r"//[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class VersionRef:
    """A version, and the MLflow run that trained it: what it takes to find its copy on this machine."""

    name: str
    number: int
    run_id: str

    @property
    def model(self) -> ModelVersion:
        """The name under which answers cite this version."""
        return ModelVersion(self.name, str(self.number))


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """What the registry knows of one version.

    `created_at` is timezone-aware (UTC); `run_id` is the MLflow run that trained it; `tags` are those of the version.
    """

    name: str
    number: int
    aliases: tuple[str, ...]
    created_at: datetime
    run_id: str
    tags: Mapping[str, str]

    @property
    def model(self) -> ModelVersion:
        """The name under which answers cite this version."""
        return ModelVersion(self.name, str(self.number))

    @property
    def targets(self) -> tuple[str, ...]:
        """The heads that this version has, from its tag; empty where the tag is missing."""
        return tuple(target for target in self.tags.get(TARGETS_TAG, "").split(",") if target)

    @property
    def metrics(self) -> dict[str, float]:
        """The headline figures that were registered with this version, by name without the tag's prefix."""
        return {key.removeprefix(METRIC_TAG): float(v) for key, v in self.tags.items() if key.startswith(METRIC_TAG)}

    def __str__(self) -> str:
        return f"{self.number} ({', '.join(self.aliases)})" if self.aliases else str(self.number)


def parse_reference(reference: str, name: str = MODEL_NAME) -> int | str | None:
    """Read what a person may write for a version: its number or the alias that points at it.

    `complaint-triage@champion`, `champion` and `complaint-triage` give "champion"; `complaint-triage/3`, `3` and `v3`
    give 3; a `models:/` before any of them is MLflow's own way to write it. None: it names no version of `name`.
    """
    match = _REFERENCE.fullmatch(reference.strip())
    if match is None or match["name"] not in (None, name):
        return None
    if number := match["number"] or match["bare"]:
        return int(number)
    if match["word"] == name:
        return CHAMPION
    return match["alias"] or match["word"]


class RegistryError(Exception):
    """Anything that keeps the registry from giving the version that was asked for."""


class UnknownVersion(RegistryError):
    """The reference names no version."""

    def __init__(self, reference: str, name: str, versions: Sequence[VersionInfo]) -> None:
        self.reference = reference
        self.versions = tuple(versions)
        if not versions:
            there, way_out = "还没有任何版本 / there are none yet", "paidan train"
        else:
            there = "现有 / there are: " + ", ".join(map(str, versions))
            is_champion = parse_reference(reference, name) == CHAMPION
            way_out = f"paidan models promote {versions[0].number}" if is_champion else "paidan models list"
        super().__init__(
            f"没有模型版本 / no version {reference!r} of {name}; {there}; 请运行 / run: {way_out}",
        )


class VersionDamaged(RegistryError):
    """The version's bundle fails its checks, or is not where its run should hold it."""

    def __init__(self, name: str, number: int, damage: str) -> None:
        self.number = number
        super().__init__(
            f"{name} {number} 的模型包未通过校验，不予使用 / the bundle of {name} {number} fails its checks and is not used: "
            f"{damage}; 请改用其他版本或重新训练 / choose another version (paidan models list) or train again (paidan train)",
        )


class NoPreviousChampion(RegistryError):
    """There is nothing to roll back to."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} 没有更早的在用版本可回退 / {name} has no earlier champion to roll back to; "
            "请直接指定版本 / name one: paidan models promote VERSION",
        )


class RegistryUnavailable(RegistryError):
    """MLflow does not answer. `where` is its address without credentials."""

    def __init__(self, tracking_uri: str, cause: str) -> None:
        self.where = _CREDENTIALS.sub("//", tracking_uri)
        super().__init__(
            f"模型登记库无响应 / the model registry at {self.where} does not answer: {_CREDENTIALS.sub('//', cause)}; "
            "请检查 MLFLOW_TRACKING_URI 与该服务，已在运行的服务继续使用本地副本 / "
            "check MLFLOW_TRACKING_URI and that server; a running service keeps its local copy",
        )
