"""The registry: versions of the model, the aliases that point at them, and who moved the champion when.

MLflow keeps all of it. Importing MLflow takes seconds, so it is imported when the registry is first asked something
that the local copies cannot answer, and never on import of this module.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.copies import LocalCopies, LocalCopy
from models.history import (
    Change,
    ChangeKind,
    champion_at,
    next_moment,
    previous_champion,
    read_changes,
    tag_key,
    tag_value,
)
from models.mlflow_store import MissingInStore, MlflowStore
from models.versions import (
    CHAMPION,
    MODEL_NAME,
    NoPreviousChampion,
    RegistryUnavailable,
    UnknownVersion,
    VersionDamaged,
    VersionInfo,
    VersionRef,
    parse_reference,
)

BUNDLE_IN_MODEL = "data/bundle"
"""Where a registered version keeps its bundle, below the version's own directory."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Registry:
    """Versions of one registered model in one MLflow store.

    Every method that must ask MLflow raises RegistryUnavailable where it does not answer; last_known_champion and
    the fetch of a version that is here already do not ask.
    """

    store: MlflowStore
    copies: LocalCopies
    name: str = MODEL_NAME
    clock: Callable[[], datetime] = _utc_now

    @classmethod
    def under(
        cls,
        home: Path,
        verify: Callable[[Path], object],
        tracking_uri: str | None = None,
        name: str = MODEL_NAME,
    ) -> "Registry":
        """Build the registry whose local state is under `home`; without an address, MLflow's store is there too.

        `verify` takes a bundle directory and raises when it must not be used.
        """
        return cls(MlflowStore.under(home, tracking_uri), LocalCopies(home.resolve() / "bundles" / name, verify), name)

    def versions(self) -> list[VersionInfo]:
        """List the versions, newest first."""
        aliases, _ = self._model()
        if aliases is None:
            return []
        found: list[VersionInfo] = []
        with self.store.answering():
            token = None
            while True:
                page = self.store.client.search_model_versions(
                    f"name = '{self.name}'", max_results=200, page_token=token
                )
                found += [self._info(version, aliases) for version in page]
                token = page.token
                if not token:
                    break
        return sorted(found, key=lambda info: info.number, reverse=True)

    def resolve(self, reference: str = CHAMPION) -> VersionInfo:
        """Find the version that `reference` names: "complaint-triage@champion", "champion", "complaint-triage/3", "3".

        Raises:
            UnknownVersion: there is none.

        """
        wanted = parse_reference(reference, self.name)
        aliases, _ = self._model()
        number = (aliases or {}).get(wanted) if isinstance(wanted, str) else wanted
        if aliases is None or number is None:
            raise UnknownVersion(reference, self.name, self.versions())
        try:
            with self.store.answering():
                return self._info(self.store.client.get_model_version(self.name, str(number)), aliases)
        except MissingInStore:
            raise UnknownVersion(reference, self.name, self.versions()) from None

    def named_by(self, alias: str) -> VersionRef | None:
        """Tell which version `alias` names now, as cheaply as can be: for services that look again and again.

        None where it names none. Raises RegistryUnavailable.
        """
        if self.store.database is not None:
            found = self.store.peek(self.name, alias)
            return None if found is None else VersionRef(self.name, *found)
        number = (self._model()[0] or {}).get(alias)
        if number is None:
            return None
        with self.store.answering():
            run_id = self.store.client.get_model_version(self.name, str(number)).run_id
        return VersionRef(self.name, number, run_id or "")

    def register(self, run_id: str, artifact_path: str, tags: Mapping[str, str] | None = None) -> VersionInfo:
        """Make a version of what the run logged under `artifact_path`."""
        with self.store.answering():
            self._ensure_model()
            version = self.store.client.create_model_version(
                self.name,
                source=f"runs:/{run_id}/{artifact_path}",
                run_id=run_id,
                tags=dict(tags or {}),
            )
            return self._info(version, self._model()[0] or {})

    def withdraw(self, number: int) -> None:
        """Delete a version that should not have been registered."""
        with self.store.answering():
            self.store.client.delete_model_version(self.name, str(number))

    def set_alias(self, alias: str, number: int) -> None:
        """Point `alias` at a version; the champion moves by promote and rollback only, so that the history knows."""
        if alias == CHAMPION:
            raise ValueError("the champion moves by promote() or rollback(), not by set_alias()")
        with self.store.answering():
            self.store.client.set_registered_model_alias(self.name, alias, str(number))

    def fetch(self, version: VersionInfo, *, anew: bool = False) -> Path:
        """Give the version's verified bundle directory on this machine.

        A sound copy is used without asking MLflow, except `anew`: then what the registry holds is what is verified.

        Raises:
            VersionDamaged: the bundle that the registry holds fails its checks, or is not there.

        """
        path = self.copies.get(version, lambda into: self.download(version, BUNDLE_IN_MODEL, into), anew=anew)
        if CHAMPION in version.aliases:
            self.copies.point_at_champion(version)
        return path

    def download(self, version: VersionInfo, part: str, into: Path) -> Path:
        """Copy a part of what was registered below the directory `into`, unverified; return where it is.

        `part` is BUNDLE_IN_MODEL, models.pyfunc.PIPELINE_IN_MODEL or training.tracking.HELD_OUT_IN_MODEL.

        Raises:
            VersionDamaged: the version has no such part.

        """
        try:
            with self.store.answering():
                return self.store.download(f"{self._location(version)}/{part}", into)
        except MissingInStore:
            raise VersionDamaged(version.name, version.number, f"run {version.run_id} holds no {part}") from None

    def last_known_champion(self) -> LocalCopy | None:
        """Give the local copy of the champion as last seen, without MLflow; None where there is none."""
        return self.copies.last_known_champion()

    def promote(self, reference: str, actor: str, reason: str, gate: str = "") -> Change:
        """Make a version the champion, once its bundle has passed its checks.

        `gate`: what the comparison with the present champion has found, for the history; to make it is the caller's.
        Promoting the champion changes nothing, unless the history has missed how it got there: then it is written.

        Raises:
            UnknownVersion: `reference` names none.
            VersionDamaged: its bundle fails its checks; the champion stays.

        """
        return self._move_champion(self.resolve(reference), ChangeKind.PROMOTE, actor, reason, gate)

    def rollback(self, actor: str, reason: str) -> Change:
        """Return to the champion before this one, once its bundle has passed its checks.

        Raises:
            NoPreviousChampion: there is none.
            VersionDamaged: its bundle fails its checks; the champion stays. A sound copy on this machine is enough:
                whoever rolls back is in need.

        """
        aliases, changes = self._model()
        number = previous_champion(changes, (aliases or {}).get(CHAMPION))
        if number is None:
            raise NoPreviousChampion(self.name)
        return self._move_champion(self.resolve(str(number)), ChangeKind.ROLLBACK, actor, reason)

    def history(self) -> tuple[Change, ...]:
        """List every change of the champion, oldest first; out of a file here without MLflow, as `named_by`."""
        if self.store.database is not None:
            return read_changes(self.store.peek_tags(self.name))
        return self._model()[1]

    def champion_at(self, when: datetime) -> int | None:
        """Tell which version was champion at `when` (timezone-aware)."""
        return champion_at(self.history(), when)

    def _move_champion(self, version: VersionInfo, kind: ChangeKind, actor: str, reason: str, gate: str = "") -> Change:
        self.fetch(version, anew=kind is ChangeKind.PROMOTE)
        aliases, changes = self._model()
        current = (aliases or {}).get(CHAMPION)
        recorded = changes[-1].version if changes else None
        if current == version.number == recorded:
            return changes[-1]
        if current not in (recorded, version.number):
            note = Change(self._next(changes), ChangeKind.OUTSIDE, "", "alias moved outside paidan", recorded, current)
            changes = (*changes, self._append(note))
            recorded = current
        # the alias first: if the note then fails, promoting again writes it, whereas a note of what did not happen stays
        with self.store.answering():
            self.store.client.set_registered_model_alias(self.name, CHAMPION, str(version.number))
        change = self._append(Change(self._next(changes), kind, actor, reason, recorded, version.number, gate))
        self.copies.point_at_champion(version)
        return change

    def _next(self, changes: tuple[Change, ...]) -> datetime:
        return next_moment(changes, self.clock())

    def _append(self, change: Change) -> Change:
        with self.store.answering():
            self.store.client.set_registered_model_tag(self.name, tag_key(change), tag_value(change))
        return change

    def _model(self) -> tuple[dict[str, int] | None, tuple[Change, ...]]:
        """Give the aliases, None where nothing was ever registered, and the history."""
        if self.store.database is not None and not self.store.database.exists():
            return None, ()
        try:
            with self.store.answering():
                model = self.store.client.get_registered_model(self.name)
        except MissingInStore:
            return None, ()
        return {alias: int(number) for alias, number in model.aliases.items()}, read_changes(model.tags)

    def _info(self, version: Any, aliases: Mapping[str, int]) -> VersionInfo:
        number = int(version.version)
        return VersionInfo(
            name=self.name,
            number=number,
            aliases=tuple(sorted(alias for alias, points_at in aliases.items() if points_at == number)),
            created_at=datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
            run_id=version.run_id or "",
            tags=dict(version.tags),
        )

    def _ensure_model(self) -> None:
        if self._model()[0] is not None:
            return
        try:
            with self.store.answering():
                self.store.client.create_registered_model(
                    self.name,
                    description="投诉举报分派：领域与承办单位 / complaint triage: domain and responsible office",
                )
        except RegistryUnavailable:
            if self._model()[0] is None:  # otherwise another process was faster, which is as good
                raise

    def _location(self, version: VersionInfo) -> str:
        """Find where the version's files are: a URI that MLflow can download from."""
        source = str(self.store.client.get_model_version_download_uri(self.name, str(version.number)))
        own = f"runs:/{version.run_id}/"
        if not source.startswith(own):
            return source
        path = source.removeprefix(own)
        here = self.store.artifact_root / version.run_id / "artifacts" / path
        if self.store.keeps_artifacts and here.is_dir():
            return here.as_uri()  # also after the home has been moved, which the run's own address does not survive
        return f"{self.store.client.get_run(version.run_id).info.artifact_uri}/{path}"
