"""The data gate: what training would learn from, and whether there is anything to learn at all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.complaint import MAX_TEXT_LENGTH
from models.prediction import Target
from training.errors import LabelColumnMissing
from training.gate.duplicates import equal_texts, joined_groups, near_duplicate_groups
from training.gate.errors import ClassesTooFew, TextMissing
from training.gate.merge import MergeReport
from training.gate.report import ClassCount, FileColumns, GateReport, HeadReport, Rows
from training.gate.split import Split, split
from training.recipe import Recipe
from training.tables.columns import Role
from training.tables.dataset import LabelledComplaints
from training.tables.spool import Column, column

LISTED = 100
"""Row numbers kept for each finding; the count is always of all."""

QUANTILES = {"min": 0.0, "5%": 0.05, "25%": 0.25, "50%": 0.5, "75%": 0.75, "95%": 0.95, "99%": 0.99, "max": 1.0}

_TWO = 2
"""Classes that a head must tell apart at the least; texts that make a repetition."""

_Indices = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """Data that passed the gate, with what it took to examine it: normalised texts, groups and split, by row.

    `groups` are what the split kept together: near-duplicates, joined by the recipe's `group_by` column if it has one.
    """

    texts: Column
    groups: _Indices
    split: Split
    report: GateReport


def examine(
    data: LabelledComplaints,
    recipe: Recipe,
    normalise: Callable[[str], str],
    labels: MergeReport | None = None,
    spool: Path | None = None,
) -> Examined:
    """Take data through the whole gate: normalise, find duplicates, split, inspect; spool: a directory for its files.

    `labels` goes into the report: what `training.gate.merge.merge` said of the labels of this data.

    Raises:
        GateRefused: training would be pointless; see `refuse_pointless`.
        KeyError: the recipe's `group_by` is not an extra column.

    """
    texts = column((normalise(text).strip() for text in data.texts), spool and spool / "normalised")
    refuse_pointless(data, texts, recipe)
    near = near_duplicate_groups(texts, recipe.near_duplicate_threshold, recipe.seed, spool)
    groups = joined_groups(near, equal_texts(data.extra[recipe.group_by])) if recipe.group_by else near
    parts = split(data, texts, groups, recipe)
    return Examined(texts, groups, parts, inspect(data, recipe, texts, near, parts, labels))


def trainable(data: LabelledComplaints, target: Target, texts: Column, recipe: Recipe) -> _Mask:
    """Return which rows a head may learn from, shape (rows,): with text, and a label that has rows enough.

    `texts` are the normalised texts, shape (rows,).
    """
    labels = pd.Series(data.labels(target), dtype=object)
    usable = (texts != "") & (labels != "").to_numpy()
    counts = labels[usable].value_counts()
    thick = labels.isin(counts.index[counts >= recipe.min_class_rows]).to_numpy(dtype=np.bool_)
    learnt: _Mask = np.logical_and(usable, thick)
    return learnt


def refuse_pointless(data: LabelledComplaints, texts: Column, recipe: Recipe) -> None:
    """Refuse data that nothing can be learnt from. `texts` are the normalised texts, shape (rows,).

    Raises:
        LabelColumnMissing: there is neither a domain nor an office.
        TextMissing: no row has text.
        ClassesTooFew: no head has two classes with `min_class_rows` rows.

    """
    if not data.targets:
        raise LabelColumnMissing([(file.path, file.headers) for file in data.files])
    if not (texts != "").any():
        at = data.location(0)
        header = data.files[data.file_index[0]].header(Role.TEXT) or ""
        raise TextMissing(at.path, header, at.row, len(data))
    heads = []
    for target in data.targets:
        labelled = np.flatnonzero((texts != "") & (data.labels(target) != ""))
        learnable = len(set(data.labels(target)[trainable(data, target, texts, recipe)]))
        if learnable >= _TWO:
            return
        at = data.location(int(labelled[0]) if len(labelled) else 0)
        heads.append(
            (target, at.path, at.row if len(labelled) else 0, len(set(data.labels(target)[labelled])), learnable)
        )
    raise ClassesTooFew(heads, recipe.min_class_rows)


def inspect(
    data: LabelledComplaints,
    recipe: Recipe,
    texts: Column,
    near: _Indices,
    parts: Split,
    labels: MergeReport | None = None,
) -> GateReport:
    """Count what was found. `texts` (normalised) and `near` (near-duplicate groups) have shape (rows,).

    Raises:
        GateRefused: as `refuse_pointless` does.

    """
    refuse_pointless(data, texts, recipe)
    codes = equal_texts(texts)
    exact_groups, exact_rows = _repeated(codes, np.arange(len(codes)))
    near_groups, near_rows = _repeated(near, codes)
    lengths = np.array([len(text) for text in data.texts], dtype=np.int64)
    # a quantile that is a length that occurs
    quantiles = np.quantile(lengths, list(QUANTILES.values()), method="inverted_cdf")
    dated = any(Role.RECEIVED_AT in file.positions for file in data.files)
    return GateReport(
        rows=len(data),
        files=tuple(
            FileColumns(
                file.path.name,
                int((data.file_index == number).sum()),
                tuple((role, file.header(role) or "") for role in file.positions),
            )
            for number, file in enumerate(data.files)
        ),
        empty=_rows(data, texts == ""),
        too_long=_rows(data, lengths > MAX_TEXT_LENGTH),
        undated=_rows(data, np.isnat(data.received)) if dated else None,
        exact_groups=exact_groups,
        exact_rows=exact_rows,
        near_groups=near_groups,
        near_rows=near_rows,
        lengths=tuple((name, int(value)) for name, value in zip(QUANTILES, quantiles, strict=True)),
        min_class_rows=recipe.min_class_rows,
        heads=tuple(_head(data, target, texts, codes, recipe) for target in data.targets),
        split=parts.sentence,
        train_rows=len(parts.train),
        test_rows=len(parts.test),
        left_out_rows=len(parts.left_out),
        exact_overlap=int(np.isin(codes[parts.test], codes[parts.train]).sum()),
        near_overlap=int(np.isin(near[parts.test], near[parts.train]).sum()),
        labels=labels,
    )


def _head(data: LabelledComplaints, target: Target, texts: Column, codes: _Indices, recipe: Recipe) -> HeadReport:
    labels = data.labels(target)
    labelled = (texts != "") & (labels != "")
    learnt = trainable(data, target, texts, recipe)
    counts = sorted(Counter(labels[labelled]).items(), key=lambda pair: (-pair[1], pair[0]))
    classes = tuple(ClassCount(label, rows) for label, rows in counts)
    pairs = pd.DataFrame({"text": codes, "label": labels})[labelled].drop_duplicates()
    conflicting = pairs["text"][pairs["text"].duplicated()].unique()
    return HeadReport(
        target=target,
        labelled=int(labelled.sum()),
        unlabelled=_rows(data, (texts != "") & (labels == "")),
        classes=classes,
        thin=tuple(each for each in classes if each.rows < recipe.min_class_rows),
        thin_rows=_rows(data, labelled & ~learnt),
        conflicting_texts=len(conflicting),
        conflicts=_rows(data, labelled & np.isin(codes, conflicting)),
        trains=sum(each.rows >= recipe.min_class_rows for each in classes) >= _TWO,
    )


def _repeated(groups: _Indices, members: _Indices) -> tuple[int, int]:
    """Return how many groups have two different members, and how many rows those groups have; -1 is no group."""
    held = pd.DataFrame({"group": groups, "member": members})[groups >= 0]
    different = held.drop_duplicates()["group"].value_counts()
    repeated = different.index[different >= _TWO]
    return len(repeated), int(held["group"].isin(repeated).sum())


def _rows(data: LabelledComplaints, found: _Mask) -> Rows:
    at = np.flatnonzero(found)
    return Rows(len(at), tuple(data.location(int(index)) for index in at[:LISTED]))
