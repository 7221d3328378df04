"""The rows that both sides of every ratio get: the shared work orders where they are, else the starter set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.complaint import Complaint
from features.normalise import Normaliser
from models.fitted import FIELDS
from training.gate.duplicates import near_duplicate_groups
from training.gate.split import folds
from training.tables.columns import Role
from training.tables.dataset import LabelledComplaints, read_labelled
from training.written.starter import starter_files

ROOT = Path(__file__).parents[2]
HAIKOU = ROOT.parent / "shared" / "data" / "haikou12345.csv.gz"

Documents = list[tuple[str, ...]]
_Labels = npt.NDArray[np.object_]
_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Complaints with both labels; `domain` is "" where a row has none."""

    name: str
    complaints: Sequence[Complaint]
    documents: Documents
    office: _Labels
    domain: _Labels

    def __len__(self) -> int:
        return len(self.complaints)

    def select(self, rows: npt.ArrayLike, name: str = "") -> "Rows":
        """These rows only."""
        at = np.asarray(rows)
        return Rows(
            name or self.name,
            [self.complaints[i] for i in at],
            [self.documents[i] for i in at],
            self.office[at],
            self.domain[at],
        )

    def resampled(self, n: int, seed: int = 0) -> "Rows":
        """So many rows in random order; drawn with replacement where there are not as many."""
        return self.select(self.drawn(n, seed), f"{n:,} of {self.name}" + (" (resampled)" if n > len(self) else ""))

    def drawn(self, n: int, seed: int = 0) -> _Indices:
        """The numbers of the rows that `resampled` gives."""
        return np.random.default_rng(seed).choice(len(self), n, replace=n > len(self))

    def with_offices(self, n: int) -> "Rows":
        """The same rows with n offices: small ones are merged, or large ones are cut into parts of equal size."""
        offices, codes, counts = np.unique(self.office.astype(str), return_inverse=True, return_counts=True)
        if n <= len(offices):
            rank = np.empty(len(offices), np.int64)
            rank[np.argsort(-counts, kind="stable")] = np.arange(len(offices))
            found = np.minimum(rank[codes], n - 1)
        else:
            parts = np.ones(len(offices), np.int64)
            for _ in range(n - len(offices)):
                parts[np.argmax(counts / parts)] += 1
            first = np.cumsum(parts) - parts
            found = first[codes] + np.random.default_rng(0).integers(0, parts[codes])
        return replace(self, office=np.array([f"office {code:03}" for code in found], object))

    @cached_property
    def groups(self) -> _Indices:
        """Near-duplicates, as training keeps them together."""
        return near_duplicate_groups([document[FIELDS.index("text")] for document in self.documents])

    @cached_property
    def parts(self) -> tuple[_Indices, _Indices]:
        """Rows to learn from and a held-out fifth, stratified by office, near-duplicates on one side."""
        codes = np.unique(self.office.astype(str), return_inverse=True)[1]
        return next(iter(folds(codes, self.groups, 5, 0)))

    def text_of(self, length: int, seed: int) -> str:
        """Real texts one after another, cut to so many characters."""
        random, found = np.random.default_rng(seed), ""
        while len(found) < length:
            found += self.complaints[random.integers(len(self))].text
        return found[:length]


def read_rows(at_most: int) -> Rows:
    """All rows that have text and an office, or so many of them."""
    if HAIKOU.exists():
        data = read_labelled([HAIKOU], {Role.OFFICE: "office_group", Role.DOMAIN: "l1"})
        # two label sets that must not be mixed
        domain = np.where(data.extra["taxonomy"] == "B", data.labels("domain"), "").astype(object)
        name = "haikou"
    else:
        data = read_labelled(starter_files())
        domain, name = data.labels("domain"), "starter set"
    return _rows(data, domain, name, at_most)


def _rows(data: LabelledComplaints, domain: _Labels, name: str, at_most: int) -> Rows:
    normalise, complaints = Normaliser(), list(data.complaints())
    documents = [tuple(normalise(getattr(complaint, field)).text for field in FIELDS) for complaint in complaints]
    office = data.labels("office")
    usable = [i for i, document in enumerate(documents) if office[i] and document[FIELDS.index("text")].strip()]
    if len(usable) > at_most:
        usable = np.sort(np.random.default_rng(0).choice(usable, at_most, replace=False)).tolist()
    whole = Rows(name, complaints, documents, office, domain)
    return whole.select(usable, f"{len(usable):,} rows of {name}")
