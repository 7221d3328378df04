"""A training run as MLflow keeps it: recipe, data, figures, pictures, and the version that came of it.

Nothing that a run keeps tells of the machine or of a citizen: paths are cut to their last part, MLflow's own tags of
user and script are not set, and there is no method that takes a complaint.
"""

import contextlib
import csv
import io
import json
import re
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from models.mlflow_store import import_mlflow
from models.pyfunc import write_model
from models.registry import Registry
from models.versions import CHALLENGER, METRIC_TAG, TARGETS_TAG, RegistryError, UnknownVersion, VersionInfo

MODEL_ARTIFACT = "model"
"""Where a run keeps what becomes the registered version."""

HELD_OUT_IN_MODEL = "held_out"
"""Where a version keeps what was held out for it, below its own directory."""

_OUR_PACKAGES = ("features", "models", "auditing", "training", "serving", "paidan")
_POSIX_PATH = re.compile(r"(?<![\w.:/])(?:/[\w.@+~-]+)+/([\w.@+~-]+)")
_WINDOWS_PATH = re.compile(r"(?<!\w)[A-Za-z]:[\\/](?:[^\\/\s:*?\"<>|]+[\\/])*([^\\/\s:*?\"<>|]+)")
_NOT_IN_A_METRIC_NAME = re.compile(r"[^\w/.\- ]")
_BATCH = 100
"""Entries per request; MLflow's servers take at most 100 parameters and 1,000 metrics in one."""

_DIGEST_LENGTH = 36
"""MLflow keeps no longer digest of a data set; the whole one is in its profile."""

_LONGEST_DATASET_NAME = 500
"""Characters that MLflow takes."""


class NothingToRegister(RegistryError):
    """The run has logged no bundle, so there is nothing that a version could be made of."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"run {run_id} has logged no bundle; call log_bundle before register")


def without_paths(text: str) -> str:
    """Cut every absolute path in `text` to its last part."""
    return _WINDOWS_PATH.sub(r"\1", _POSIX_PATH.sub(r"\1", text))


def failure_note(error: BaseException) -> str:
    """Say why a run failed, in words that may be kept.

    Errors of this project compose their message from named data; those of others may quote a cell of the user's
    file, so that only their kind is told.
    """
    kind = type(error)
    ours = kind.__module__.split(".")[0] in _OUR_PACKAGES
    return f"{kind.__name__}: {without_paths(str(error))}" if ours else kind.__name__


@dataclass(frozen=True, slots=True)
class Tracker:
    """Opens runs in the registry's MLflow store, all in one experiment that bears the model's name.

    `key`: the secret under which rows are named without their text; without it a run keeps nothing that tells rows
    apart, and its version cannot be held against another one.
    """

    registry: Registry
    key: bytes | None = field(default=None, repr=False)

    @contextlib.contextmanager
    def run(
        self, name: str, verb: str = "train", *, within: "TrackedRun | None" = None, started: datetime | None = None
    ) -> Iterator["TrackedRun"]:
        """Open a run and close it: FINISHED, or FAILED with a note, or KILLED when a person interrupts it.

        A run that does not finish leaves no version behind, and the challenger as it was. verb: of the command line; within:
        the run that this one is part of; started: now unless given.
        """
        store = self.registry.store
        # what MLflow would fill in from the machine: script path and user
        tags = {"mlflow.source.name": f"paidan {verb}", "mlflow.source.type": "LOCAL"}
        if within is not None:
            tags["mlflow.parentRunId"] = within.run_id
        with store.answering():
            run = store.client.create_run(
                self._experiment(),
                start_time=None if started is None else int(started.timestamp() * 1000),
                run_name=name,
                tags=tags,
            )
        tracked = TrackedRun(self.registry, run.info.run_id)
        try:
            yield tracked
        except BaseException as error:
            tracked.fail(error)
            raise
        with store.answering():
            store.client.set_terminated(tracked.run_id, "FINISHED")

    def _experiment(self) -> str:
        store = self.registry.store
        found = store.client.get_experiment_by_name(self.registry.name)
        if found is None:
            location = store.artifact_root.as_uri() if store.keeps_artifacts else None
            return str(store.client.create_experiment(self.registry.name, artifact_location=location))
        if found.lifecycle_stage == "deleted":
            store.client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)


@dataclass(slots=True)
class TrackedRun:
    """One open run. Every method may raise RegistryUnavailable."""

    registry: Registry
    run_id: str
    _has_bundle: bool = field(default=False, init=False)
    _registered: VersionInfo | None = field(default=None, init=False)
    _challenger_before: int | None = field(default=None, init=False)

    def log_recipe(self, recipe: Mapping[str, object]) -> None:
        """Keep the recipe: one parameter per entry, and whole as recipe.json."""
        entries = [(key, _plain(value)) for key, value in recipe.items()]
        texts = [
            (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) for key, value in entries
        ]
        entities = import_mlflow().entities
        for batch in _batches([entities.Param(key, text) for key, text in texts]):
            with self.registry.store.answering():
                self._client.log_batch(self.run_id, params=batch)
        self.log_json("recipe", dict(entries))

    def log_dataset(
        self,
        digest: str,
        counts: Mapping[str, int],
        source: str,
        context: Literal["training", "testing"] = "training",
    ) -> None:
        """Keep which data the run saw: digest, counts (rows, classes, …) and the names of its files, never their places or rows.

        Of many files the last names are left out.
        """
        entities = import_mlflow().entities
        name = textwrap.shorten(Path(without_paths(source)).name, _LONGEST_DATASET_NAME, placeholder=" …")
        dataset = entities.Dataset(
            name=name,
            digest=digest[:_DIGEST_LENGTH],
            source_type="file",
            source=json.dumps({"name": name}, ensure_ascii=False),
            profile=json.dumps({**counts, "digest": digest}, ensure_ascii=False),
        )
        tag = entities.InputTag("mlflow.data.context", context)
        with self.registry.store.answering():
            self._client.log_inputs(self.run_id, [entities.DatasetInput(dataset, [tag])])

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Keep figures; "/" in a name makes groups. Characters that MLflow refuses in a name become "_".

        Raises:
            ValueError: two names would become one.

        """
        names = {name: _NOT_IN_A_METRIC_NAME.sub("_", name) for name in metrics}
        if len(set(names.values())) < len(names):
            clash = sorted(name for name, safe in names.items() if list(names.values()).count(safe) > 1)
            raise ValueError(f"these metrics cannot be told apart in MLflow, rename one: {clash}")
        now = int(time.time() * 1000)
        metric = import_mlflow().entities.Metric
        for batch in _batches([metric(names[name], float(value), now, 0) for name, value in metrics.items()]):
            with self.registry.store.answering():
                self._client.log_batch(self.run_id, metrics=batch)

    def tag(self, name: str, value: str) -> None:
        """Keep a word about the run itself."""
        with self.registry.store.answering():
            self._client.set_tag(self.run_id, name, without_paths(value))

    def log_table(self, name: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Keep rows of aggregates as tables/<name>.csv, with a byte-order mark, so that spreadsheets read Chinese."""
        columns = list(dict.fromkeys(column for row in rows for column in row))
        stream = io.StringIO()
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows({column: _plain(value) for column, value in row.items()} for row in rows)
        self._log_text("\ufeff" + stream.getvalue(), f"tables/{name}.csv")

    def log_picture(self, name: str, png: bytes) -> None:
        """Keep a picture as pictures/<name>.png."""
        with tempfile.TemporaryDirectory() as scratch:
            picture = Path(scratch) / f"{name}.png"
            picture.write_bytes(png)
            with self.registry.store.answering():
                self._client.log_artifact(self.run_id, str(picture), "pictures")

    def log_json(self, name: str, content: object) -> None:
        """Keep a report as <name>.json."""
        self._log_text(json.dumps(_plain(content), ensure_ascii=False, indent=2), f"{name}.json")

    def log_text(self, name: str, text: str) -> None:
        """Keep a report for people as <name>.txt."""
        self._log_text(without_paths(text), f"{name}.txt")

    def log_page(self, name: str, page: str) -> None:
        """Keep a page for people as <name>.html; it must name no path (pictures inside it are left as they are)."""
        self._log_text(page, f"{name}.html")

    def log_bundle(self, bundle: Path, pipeline: Path | None = None) -> None:
        """Keep the bundle directory, and the fitted pipeline (a joblib file) beside it, as what a version is made of."""
        with tempfile.TemporaryDirectory() as scratch:
            model = Path(scratch) / MODEL_ARTIFACT
            write_model(model, bundle, pipeline, self.run_id, MODEL_ARTIFACT)
            with self.registry.store.answering():
                self._client.log_artifacts(self.run_id, str(model), MODEL_ARTIFACT)
        self._has_bundle = True

    def log_held_out(self, tables: Path) -> None:
        """Keep a folder of `training.promotion.heldout` with what becomes the version."""
        with self.registry.store.answering():
            self._client.log_artifacts(self.run_id, str(tables), f"{MODEL_ARTIFACT}/{HELD_OUT_IN_MODEL}")

    def register(self, targets: Sequence[str], metrics: Mapping[str, float]) -> VersionInfo:
        """Make the version and point `challenger` at it: the last step of a run.

        `targets` and the headline `metrics` are kept with the version, for lists of versions.

        Raises:
            NothingToRegister: log_bundle has not been called.

        """
        if not self._has_bundle:
            raise NothingToRegister(self.run_id)
        tags = {TARGETS_TAG: ",".join(targets)} | {f"{METRIC_TAG}{k}": f"{v:.6g}" for k, v in metrics.items()}
        with contextlib.suppress(UnknownVersion):
            self._challenger_before = self.registry.resolve(CHALLENGER).number
        self._registered = self.registry.register(self.run_id, MODEL_ARTIFACT, tags)
        self.registry.set_alias(CHALLENGER, self._registered.number)
        found = self.registry.resolve(str(self._registered.number))
        if self.registry.store.database is not None:
            # a service of this machine, which asks the challenger, then finds it without MLflow
            self.registry.fetch(found)
        return found

    def fail(self, error: BaseException) -> None:
        """Withdraw the version, if there is one already, and end the run as failed; `error` says why."""
        try:
            if self._registered is not None:
                self.registry.withdraw(self._registered.number)
                if self._challenger_before is not None:
                    self.registry.set_alias(CHALLENGER, self._challenger_before)
            with self.registry.store.answering():
                self._client.set_tag(self.run_id, "failure", failure_note(error))
                status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
                self._client.set_terminated(self.run_id, status)
        except RegistryError as unreachable:
            error.add_note(f"run {self.run_id} could not be ended in MLflow: {unreachable}")

    def _log_text(self, text: str, path: str) -> None:
        with self.registry.store.answering():
            self._client.log_text(self.run_id, text, path)

    @property
    def _client(self) -> Any:
        return self.registry.store.client


def _plain(value: object) -> Any:
    """Give `value` as JSON has it, without the places of files."""
    plain: Any = value
    if isinstance(value, Path):
        plain = value.name
    elif isinstance(value, Mapping):
        plain = {str(key): _plain(entry) for key, entry in value.items()}
    elif isinstance(value, (list, tuple)):
        plain = [_plain(entry) for entry in value]
    elif isinstance(value, (set, frozenset)):
        plain = sorted(map(_plain, value))
    elif hasattr(value, "tolist"):  # numpy's numbers and arrays
        plain = value.tolist()
    elif not isinstance(value, (int, float, bool, type(None))):
        plain = without_paths(str(value))
    return plain


def _batches(entries: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (entries[start : start + _BATCH] for start in range(0, len(entries), _BATCH))
