"""Labels from several hands become one data set: people's outrank imported ones, which outrank the model's own."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditing.cases.provenance import Provenance
from features.privacy import MASK, TOKENS
from models.fitted import FIELDS
from models.prediction import Target
from training.errors import ProvenanceUnknown
from training.gate.duplicates import equal_texts, joined_groups
from training.gate.errors import LabelsUnreviewed
from training.tables.columns import HEADERS, LABELS, ColumnMap, Role
from training.tables.dataset import LabelledComplaints
from training.tables.spool import Column, rewritten

_Indices = npt.NDArray[np.int64]
_Completed = dict[Role, dict[int, str]]
"""By role: the rows that are completed from others, and what they are given."""

_HIDDEN = re.compile(f"[{TOKENS}{re.escape(MASK)}]+")


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What became of labels from several hands.

    provenance: rows by whose word their labels are, after merging. merged: rows that were dropped because a better
    row of the same complaint is there. overruled: labels of such rows that said otherwise, by head. disputed:
    complaints that people labelled in two ways, of which the last one given holds, by head.
    """

    provenance: tuple[tuple[Provenance, int], ...]
    merged: int
    overruled: tuple[tuple[Target, int], ...]
    disputed: tuple[tuple[Target, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON has them."""
        return {
            "provenance": {whose.value: rows for whose, rows in self.provenance},
            "merged_rows": self.merged,
            "overruled_labels": dict(self.overruled),
            "disputed_complaints": dict(self.disputed),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """A data set in which every complaint has its best labels, and how it came to be."""

    data: LabelledComplaints
    report: MergeReport


def same_content(normalised: str) -> str:
    """Return what the text as it was said and the same text as it was stored, with personal data hidden, share."""
    return _HIDDEN.sub(MASK, normalised).strip()


def merge(data: LabelledComplaints, normalise: Callable[[str], str], spool: Path | None = None) -> Merged:
    """Give each complaint the label of whoever is to be believed most; row order is kept.

    spool: a directory for columns that are in files and are completed; the caller's to remove.

    Rows are of one complaint where source and ticket number are the same, neither blank, or where all that is said
    (title, text, merchant, address, normalised and with personal data hidden) is. Where such rows come from different
    hands, or from people more than once, the best and last one stays; what it leaves blank is taken from the others,
    but never a label from the model. Imported rows among themselves are left as they are.

    Raises:
        ProvenanceUnknown: a row's provenance is no known word.
        LabelsUnreviewed: a label is left that only the model has given.

    """
    whose = _ranks(data)
    kept, settled, tally = np.arange(len(data)), data, _Tally(data.targets)
    if (whose != Provenance.IMPORTED.rank).any():
        kept, completed = _settle(_complaints(data, normalise), whose, data.columns, tally)
        columns = {
            role: rewritten(column, completed[role], spool and spool / f"merged-{role}")
            if role in completed
            else column
            for role, column in data.columns.items()
        }
        settled = replace(data, columns=MappingProxyType(columns)).select(kept)
        _refuse_unreviewed(settled, whose[kept])
    counts = np.bincount(whose[kept], minlength=len(Provenance))
    report = MergeReport(
        provenance=tuple((each, int(counts[each.rank])) for each in Provenance if counts[each.rank]),
        merged=len(data) - len(kept),
        overruled=tuple(tally.overruled.items()),
        disputed=tuple(tally.disputed.items()),
    )
    return Merged(settled, report)


def _settle(
    complaints: _Indices, whose: _Indices, columns: Mapping[Role, Column], tally: "_Tally"
) -> tuple[_Indices, _Completed]:
    """Return the rows that stay, and what the best row of each complaint is given from the others."""
    stays = np.ones(len(whose), np.bool_)
    completed: _Completed = {}
    rows = pd.DataFrame({"complaint": complaints, "whose": whose})[complaints >= 0]
    together = rows.groupby("complaint")["whose"]
    mixed = rows[(together.transform("size") > 1) & (together.transform("min") != together.transform("max"))]
    people = rows[(together.transform("size") > 1) & (together.transform("max") == Provenance.PERSON.rank)]
    for _, members in pd.concat([mixed, people]).groupby("complaint"):
        # the best first; of equals the last one given, for people may come back to a case
        ordered = sorted(members.index.tolist(), key=lambda row: (whose[row], -row))
        best, *others = ordered
        tally.weigh(best, others, whose, columns)
        if whose[best] == Provenance.PERSON.rank:
            for role, column in columns.items():
                if not column[best]:
                    trusted = (row for row in others if role not in LABELS or whose[row] != Provenance.MODEL.rank)
                    found = next((column[row] for row in trusted if column[row]), "")
                    if found:
                        completed.setdefault(role, {})[best] = found
            stays[others] = False
        else:
            stays[[row for row in others if whose[row] == Provenance.MODEL.rank]] = False
    return np.flatnonzero(stays), completed


class _Tally:
    """Counts what the better rows of a complaint say otherwise."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self.overruled = dict.fromkeys(targets, 0)
        self.disputed = dict.fromkeys(targets, 0)

    def weigh(self, best: int, others: Sequence[int], whose: _Indices, columns: Mapping[Role, Column]) -> None:
        """Count the labels of `others` that differ from those of `best`, a row of at least equal trust."""
        for target in self.overruled:
            labels = columns[Role(target)]
            differ = [row for row in others if labels[best] and labels[row] not in ("", labels[best])]
            self.overruled[target] += sum(whose[row] > whose[best] for row in differ)
            self.disputed[target] += any(whose[row] == whose[best] == Provenance.PERSON.rank for row in differ)


def _ranks(data: LabelledComplaints) -> _Indices:
    """Return the rank of the hand behind each row's labels, shape (rows,)."""
    said = data.columns.get(Role.PROVENANCE)
    if said is None:
        # whoever takes the role from the column does not make people's labels of what it holds
        named = next((data.extra[header] for header in HEADERS[Role.PROVENANCE] if header in data.extra), None)
        said = np.full(len(data), "", object) if named is None else named
    unsaid = np.array([_unsaid(file).rank for file in data.files], np.int64)[data.file_index]
    known = {each.value: each.rank for each in Provenance}
    ranks = unsaid.copy()
    for row in np.flatnonzero(said != "").tolist():
        word = said[row].strip().lower()
        if word not in known:
            at = data.location(row)
            raise ProvenanceUnknown(at.path, at.row, word, tuple(known))
        ranks[row] = known[word]
    return ranks


def _unsaid(file: ColumnMap) -> Provenance:
    """Whose word the labels of a file are that does not say: what `paidan predict` wrote is the model's."""
    return Provenance.MODEL if _predicted(file) is not None else Provenance.IMPORTED


def _predicted(file: ColumnMap) -> str | None:
    """Return the label column of a file that `paidan predict` has filled, None where there is none."""
    for role in LABELS:
        header = file.header(role)
        if header == role.value and {f"{header}_confidence", f"{header}_decision"} <= set(file.headers):
            return header
    return None


def _complaints(data: LabelledComplaints, normalise: Callable[[str], str]) -> _Indices:
    """Return a number for each row's complaint, shape (rows,), -1 for a row without text."""
    contents = equal_texts("\x1f".join(same_content(normalise(each)) for each in row) for row in _fields(data))
    contents[np.fromiter((not text.strip() for text in data.texts), np.bool_, len(data))] = -1
    nothing = np.full(len(data), "", object)
    sources, numbers = (data.columns.get(role, nothing) for role in (Role.SOURCE, Role.TICKET_ID))
    tickets = equal_texts(
        f"{source}\x1f{number}" if source and number else "" for source, number in zip(sources, numbers, strict=True)
    )
    return joined_groups(contents, tickets)


def _fields(data: LabelledComplaints) -> Iterator[tuple[str, ...]]:
    nothing = np.full(len(data), "", object)
    return zip(*(data.columns.get(Role(name), nothing) for name in FIELDS), strict=True)


def _refuse_unreviewed(data: LabelledComplaints, whose: _Indices) -> None:
    labelled = np.any([data.labels(target) != "" for target in data.targets], axis=0) if data.targets else False
    rows = np.flatnonzero((whose == Provenance.MODEL.rank) & labelled)
    if len(rows):
        at, file = data.location(int(rows[0])), data.files[data.file_index[rows[0]]]
        header = _predicted(file) or next(file.header(role) for role in LABELS if file.header(role))
        raise LabelsUnreviewed(at.path, at.row, header or "", len(rows))
