"""Local copies of versions' bundles: verified before they are used, there when the registry is not.

<root>/<number>-<run>/    one version's bundle; the run's id keeps two registries' version 3 apart
<root>/champion.json      which of them was champion when the registry was last seen
<root>/.incoming-*/       copies under way
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.prediction import ModelVersion
from models.versions import VersionDamaged, VersionInfo, VersionRef

_POINTER = "champion.json"
_INCOMING = ".incoming-"
_ABANDONED_AFTER = 24 * 3600
"""Seconds after which a copy under way counts as left behind by a process that died."""


@dataclass(frozen=True, slots=True)
class LocalCopy:
    """A version's bundle on this machine."""

    model: ModelVersion
    path: Path


@dataclass(frozen=True, slots=True)
class LocalCopies:
    """The copies under `root`. `verify` takes a bundle directory and raises when it must not be used.

    Several processes may share `root`: a copy appears whole or not at all.
    """

    root: Path
    verify: Callable[[Path], object]

    def get(self, version: VersionInfo, download: Callable[[Path], Path], *, anew: bool = False) -> Path:
        """Give the verified bundle directory of `version`, calling `download` only `anew` or for want of a sound copy.

        `download` puts the bundle somewhere below the directory that it is given, and returns where. Raises
        VersionDamaged where what it brought fails its checks.
        """
        place = self._place(version)
        if not anew and place.is_dir() and self._damage(place) is None:
            return place
        self.root.mkdir(parents=True, exist_ok=True)
        self._sweep()
        incoming = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=self.root))
        try:
            bundle = download(incoming)
            if (damage := self._damage(bundle)) is not None:
                raise VersionDamaged(version.name, version.number, damage)
            self._settle(bundle, place, incoming)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        return place

    def here(self, version: VersionInfo | VersionRef) -> LocalCopy | None:
        """Give the copy of `version`, unverified; None where there is none."""
        place = self._place(version)
        return LocalCopy(version.model, place) if place.is_dir() else None

    def point_at_champion(self, version: VersionInfo | VersionRef) -> None:
        """Remember `version` as the champion; its copy must be here already."""
        entry = {"name": version.name, "version": version.number, "copy": self._place(version).name}
        if self._pointer() == entry:
            return
        handle, scratch = tempfile.mkstemp(prefix=_POINTER, dir=self.root)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(entry, stream)
            stream.flush()
            os.fsync(stream.fileno())
        Path(scratch).replace(self.root / _POINTER)

    def last_known_champion(self) -> LocalCopy | None:
        """Give the champion as the registry was last seen to have it; None where no copy of it is here.

        Not verified: who loads a bundle checks it.
        """
        entry = self._pointer()
        if entry is None or not (place := self.root / str(entry["copy"])).is_dir():
            return None
        return LocalCopy(ModelVersion(str(entry["name"]), str(entry["version"])), place)

    def _place(self, version: VersionInfo | VersionRef) -> Path:
        return self.root / f"{version.number}-{version.run_id[:12]}"

    def _pointer(self) -> dict[str, object] | None:
        try:
            entry = json.loads((self.root / _POINTER).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return entry if isinstance(entry, dict) and {"name", "version", "copy"} <= entry.keys() else None

    def _damage(self, bundle: Path) -> str | None:
        try:
            self.verify(bundle)
        except Exception as error:  # noqa: BLE001  whatever the check stumbles over, the bundle must not be used
            return f"{type(error).__name__}: {error}"
        return None

    def _settle(self, bundle: Path, place: Path, scratch: Path) -> None:
        """Move `bundle` to `place`; a damaged copy there is moved aside, another worker's sound one is kept."""
        for _ in range(3):
            try:
                bundle.rename(place)
            except OSError:
                if not place.is_dir():
                    raise
                if self._damage(place) is None:
                    return
                with contextlib.suppress(FileNotFoundError):  # another worker moved it aside first
                    place.rename(Path(tempfile.mkdtemp(dir=scratch)) / "damaged")
            else:
                return
        raise FileExistsError(str(place))

    def _sweep(self) -> None:
        for left in self.root.glob(f"{_INCOMING}*"):
            with contextlib.suppress(FileNotFoundError):  # its owner is alive and just finished
                if time.time() - left.stat().st_mtime > _ABANDONED_AFTER:
                    shutil.rmtree(left, ignore_errors=True)
