"""An MLflow address: the only module that imports MLflow.

Importing MLflow takes seconds, so it happens on the first question and not on import of this module. No global state
of MLflow (its current tracking address, its active run) is read or set.
"""

import contextlib
import os
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from models.versions import RegistryError, RegistryUnavailable

MLFLOW_SETTINGS: Mapping[str, str] = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # bars for copies on the same disk, in the middle of what a program reads
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # would copy a uv.lock and pyproject.toml from the working directory into the model
    "MLFLOW_UV_AUTO_DETECT": "false",
    # MLflow's own patience with a dead server is minutes; a service must fall back to its local copy sooner
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""Environment variables under which this project imports MLflow, except where the user has set them already."""

_STORES_WITHOUT_ARTIFACTS = ("sqlite", "postgresql", "mysql", "mssql")


def import_mlflow() -> ModuleType:
    """Import MLflow so that it sends nothing to its makers and prints no migration notes."""
    for key, value in MLFLOW_SETTINGS.items():
        os.environ.setdefault(key, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow.pyfunc warns about type hints of its own
        import mlflow.pyfunc  # noqa: PLC0415  seconds, which a start from the local copy must not pay
    module: ModuleType = mlflow
    return module


class MissingInStore(RegistryUnavailable):
    """MLflow answered that the thing is not there."""


@dataclass(frozen=True)
class MlflowStore:
    """MLflow at `tracking_uri`; the registry is there too, unless `registry_uri` says otherwise.

    `artifact_root` is where runs put their artifacts when `tracking_uri` is a database; a tracking server knows its
    own place.
    """

    tracking_uri: str
    artifact_root: Path
    registry_uri: str | None = None

    @classmethod
    def under(cls, home: Path, tracking_uri: str | None = None, registry_uri: str | None = None) -> "MlflowStore":
        """Take the address that the user gave, or else a SQLite file and a directory under `home`."""
        home = home.resolve()
        return cls(tracking_uri or f"sqlite:///{home.as_posix()}/mlflow.db", home / "artifacts", registry_uri)

    @property
    def keeps_artifacts(self) -> bool:
        """Whether runs' artifacts belong under `artifact_root`, because there is no server to keep them."""
        return self.tracking_uri.split(":", 1)[0].split("+")[0] in _STORES_WITHOUT_ARTIFACTS

    @cached_property
    def client(self) -> Any:
        """MLflow's client for this address; no global MLflow state is touched."""
        with self.answering():
            self._check_database()
            mlflow = import_mlflow()
            return mlflow.MlflowClient(
                tracking_uri=self.tracking_uri,
                registry_uri=self.registry_uri or self.tracking_uri,
            )

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Turn whatever MLflow raises into RegistryUnavailable."""
        try:
            yield
        except RegistryError:
            raise
        except Exception as error:
            missing = getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST" or isinstance(
                error, FileNotFoundError
            )
            kind = MissingInStore if missing else RegistryUnavailable
            raise kind(self.tracking_uri, f"{type(error).__name__}: {error}") from error

    def download(self, uri: str, into: Path) -> Path:
        """Copy the files at `uri`, which MLflow can read, below the directory `into`; return where they are."""
        return Path(
            import_mlflow().artifacts.download_artifacts(
                artifact_uri=uri,
                dst_path=str(into),
                tracking_uri=self.tracking_uri,
                registry_uri=self.registry_uri or self.tracking_uri,
            ),
        )

    @property
    def database(self) -> Path | None:
        """The SQLite file, where MLflow's store is one."""
        path = self.tracking_uri.removeprefix("sqlite:///")
        return None if path == self.tracking_uri else Path(path)

    def peek(self, name: str, alias: str) -> tuple[int, str] | None:
        """Read which version of model `name` an alias names, and that version's run, out of the SQLite file.

        Without MLflow, whose import takes seconds that a running service must not spend to look after an alias. None
        where nothing has the alias. Raises RegistryUnavailable where the file is no such store.
        """
        query = (
            "SELECT version, run_id FROM registered_model_aliases JOIN model_versions USING (name, version)"
            " WHERE name = ? AND alias = ?"
        )
        rows = self._read(query, name, alias)
        return (int(rows[0][0]), str(rows[0][1] or "")) if rows else None

    def peek_tags(self, name: str) -> dict[str, str]:
        """Read the tags of model `name`, as `peek` reads its aliases; none where there is no such model."""
        return dict(self._read("SELECT key, value FROM registered_model_tags WHERE name = ?", name))

    def _read(self, query: str, *values: str) -> list[Any]:
        if self.database is None:
            raise ValueError(f"{self.tracking_uri} is no SQLite file")
        if not self.database.exists():
            return []
        address = f"{self.database.absolute().as_uri()}?mode=ro"
        with self.answering(), contextlib.closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            return connection.execute(query, values).fetchall()

    def _check_database(self) -> None:
        """Read the SQLite file's header: on one that it cannot read, MLflow would try again for minutes."""
        if self.database is None:
            return
        self.database.parent.mkdir(parents=True, exist_ok=True)
        if self.database.exists():
            with contextlib.closing(sqlite3.connect(self.database)) as connection:
                connection.execute("PRAGMA schema_version")
