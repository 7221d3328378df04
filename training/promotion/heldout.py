"""What a run held out and what its version has learnt, row by row and without a word of text.

A version is fitted on all rows; its figures come from a twin that has not seen the rows held out. So that a later version
can be held against it on the same rows, a run keeps, with the version, two tables of keyed digests:

learnt.parquet      digest of every row that the version has learnt
answers.parquet     digest, group, target, label, predicted, confidence: the twin on the rows held out
champion.parquet    digest, target, predicted: the champion of that day on those rows that it had not learnt

A digest is BLAKE2b (RFC 7693) of the normalised fields with personal data hidden, keyed with the secret of the case log:
the same complaint has the same digest in every run under that secret, and nobody without it can try texts.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.prediction import Target
from models.registry import Registry
from models.triage import TriageModel
from models.versions import CHAMPION, UnknownVersion, VersionDamaged, VersionInfo
from training.gate.examine import Examined
from training.gate.merge import same_content
from training.measuring.evaluate import evaluate
from training.measuring.figures import Outcome
from training.tables.dataset import LabelledComplaints
from training.tables.spool import Documents
from training.tracking import HELD_OUT_IN_MODEL, TrackedRun

_DIGEST_BYTES = 12
"""Two of a million rows share a digest with a chance of one in 10^17."""

_ANSWERS = ("digest", "group", "target", "label", "predicted", "confidence")
_KEY = b"paidan.key"
_CHAMPION = b"paidan.champion"

_Texts = npt.NDArray[np.object_]
_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The tables of one version. `key`: fingerprint of the secret; `champion`: the version that champion.parquet is of."""

    key: str
    learnt: frozenset[str]
    answers: pd.DataFrame
    champion: int | None
    champions: pd.DataFrame


def keep_held_out(
    run: TrackedRun,
    key: bytes,
    data: LabelledComplaints,
    examined: Examined,
    documents: Documents,
    learnt: _Indices,
    held_out: Mapping[Target, Outcome],
) -> None:
    """Keep the three tables with a run. `learnt`: the rows that its version has learnt; `held_out`: what the twin said.

    Raises:
        RegistryUnavailable: MLflow does not answer.

    """
    digests = row_digests(documents, key)
    with tempfile.TemporaryDirectory() as scratch:
        champion = ask_champion(run.registry, key, data, examined, digests)
        answers = answers_table(data, examined, digests, held_out)
        write_held_out(Path(scratch), key, digests[learnt], answers, champion)
        run.log_held_out(Path(scratch))


def fingerprint(key: bytes) -> str:
    """Name a secret without telling it."""
    return blake2b(digest_size=8, key=key, person=b"fingerprint").hexdigest()


def row_digests(documents: Documents, key: bytes) -> _Texts:
    """Return a digest for each row's normalised fields, shape (rows,), in hex."""
    found = []
    for fields in documents:
        said = [same_content(field) for field in fields]
        # the lengths go first, so that ("ab", "c") and ("a", "bc") differ
        whole = f"{','.join(str(len(part)) for part in said)};{''.join(said)}"
        digest = blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES, key=key, person=b"row")
        found.append(digest.hexdigest())
    return np.array(found, object)


def answers_table(
    data: LabelledComplaints, examined: Examined, digests: _Texts, held_out: Mapping[Target, Outcome]
) -> pd.DataFrame:
    """Lay out what the twin said of the rows held out; `held_out` as `training.run` measures it."""
    parts = []
    for target, said in held_out.items():
        rows = rows_of(data, examined, target)
        parts.append(
            pd.DataFrame(
                {
                    "digest": digests[rows],
                    "group": examined.groups[rows],
                    "target": target,
                    "label": said.truth.astype(object),
                    "predicted": said.answer.astype(object),
                    "confidence": said.confidence.astype(np.float32),
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_ANSWERS))


def rows_of(data: LabelledComplaints, examined: Examined, target: Target) -> _Indices:
    """Return the rows held out that a head is measured on, ascending."""
    test = examined.split.test
    measured: _Indices = test[data.labels(target)[test] != ""]
    return measured


def champions_answers(
    champion: TriageModel, learnt: frozenset[str], data: LabelledComplaints, examined: Examined, digests: _Texts
) -> pd.DataFrame:
    """Ask a champion about the rows held out, but for those that it has learnt, or a near-duplicate of which it has."""
    known = np.fromiter((digest in learnt for digest in digests), np.bool_, len(digests))
    familiar = np.isin(examined.groups, np.unique(examined.groups[known]))
    rows = examined.split.test[~familiar[examined.split.test]]
    parts = [pd.DataFrame(columns=["digest", "target", "predicted"])]
    if len(rows):
        for target, said in evaluate(champion, data.select(rows)).items():
            parts.append(
                pd.DataFrame(
                    {
                        "digest": digests[rows[said.rows]],
                        "target": target,
                        "predicted": said.outcome.answer.astype(object),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def write_held_out(
    folder: Path, key: bytes, learnt: Iterable[str], answers: pd.DataFrame, champion: tuple[int, pd.DataFrame] | None
) -> None:
    """Write the tables into an empty folder."""
    named = {_KEY: fingerprint(key).encode()}
    _write(folder / "learnt.parquet", pd.DataFrame({"digest": sorted(set(learnt))}, dtype=object), named)
    _write(folder / "answers.parquet", answers, named)
    if champion is not None:
        number, said = champion
        _write(folder / "champion.parquet", said, named | {_CHAMPION: str(number).encode()})


def read_held_out(registry: Registry, version: VersionInfo) -> HeldOut | None:
    """Read the tables of a version; None where it has none. Raises RegistryUnavailable."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            folder = registry.download(version, HELD_OUT_IN_MODEL, Path(scratch))
            learnt, named = _read(folder / "learnt.parquet")
            answers, _ = _read(folder / "answers.parquet")
        except (VersionDamaged, OSError, pa.ArrowInvalid):
            return None
        champions, number = pd.DataFrame(columns=["digest", "target", "predicted"]), None
        if (folder / "champion.parquet").is_file():
            champions, about = _read(folder / "champion.parquet")
            number = int(about[_CHAMPION])
    return HeldOut(named.get(_KEY, b"").decode(), frozenset(learnt["digest"]), answers, number, champions)


def ask_champion(
    registry: Registry, key: bytes, data: LabelledComplaints, examined: Examined, digests: _Texts
) -> tuple[int, pd.DataFrame] | None:
    """Ask the champion of this day, where there is one of which it is known what it has learnt.

    Raises:
        RegistryUnavailable: MLflow does not answer.

    """
    try:
        version = registry.resolve(CHAMPION)
        kept = read_held_out(registry, version)
        if kept is None or kept.key != fingerprint(key):
            return None
        model = TriageModel.load(registry.fetch(version), version.model)
    except (UnknownVersion, VersionDamaged, ValueError):
        # a champion that is gone or damaged is no reason not to train its successor
        return None
    return version.number, champions_answers(model, kept.learnt, data, examined, digests)


def _write(path: Path, frame: pd.DataFrame, named: Mapping[bytes, bytes]) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(dict(named)), path, compression="zstd")


def _read(path: Path) -> tuple[pd.DataFrame, Mapping[bytes, bytes]]:
    table = pq.read_table(path)
    return table.to_pandas(), table.schema.metadata or {}
