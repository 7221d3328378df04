"""Training rows and test rows: by time where the data has it, else stratified and grouped."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from training.gate.merge import same_content
from training.recipe import Recipe
from training.tables.dataset import LabelledComplaints
from training.tables.spool import Column

DATED_SHARE = 0.95
"""Share of the rows that need a readable time for a split by time."""

_CHINA_OFFSET = np.timedelta64(8, "h")
_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers of a data set, ascending, each in at most one part.

    `left_out` rows are in neither part: without text, without any label, or, by time, like a row on the other side.
    `sentence` says what was done, Chinese first.
    """

    train: _Indices
    test: _Indices
    left_out: _Indices
    how: Literal["by time", "grouped and stratified"]
    sentence: str


def split(data: LabelledComplaints, texts: Column, groups: _Indices, recipe: Recipe) -> Split:
    """Hold out about `recipe.test_fraction` of the rows that have text and a label.

    `texts`, shape (rows,), are normalised. `groups`, shape (rows,), are those of `near_duplicate_groups`: no group is on both sides, and rows with group -1 are
    left out.

    By time, where at least 95% of the rows have a readable `received_at`: the last days (of China Standard Time) are
    the test part, cut between two days where the share comes closest; rows without a time are learnt from. A row of
    the test days that is like an earlier row is left out of both parts: in the test it would be known already, and in
    training it would come from the future. Not by time where the days are too few to cut: the share would be less than
    half or more than twice of what was asked.

    Else stratified by the head with the most classes and grouped: of each class the groups come in the order of a hash
    of their texts, keyed with the seed, and the first ones are the test. So the same rows are held out again when the
    data has grown, but for a few at the edge, and versions can be compared on them. A class of either head that is in
    one group only stays in training, as nothing could be learnt about it otherwise.
    """
    usable = np.flatnonzero((groups >= 0) & _labelled(data))
    dated = ~np.isnat(data.received[usable])
    if len(usable) and dated.mean() >= DATED_SHARE:
        parts = _by_time(data, groups, usable, recipe)
        if parts is not None:
            return parts
    return _grouped(data, texts, groups, usable, recipe)


def folds(labels: npt.ArrayLike, groups: _Indices, n: int, seed: int) -> list[tuple[_Indices, _Indices]]:
    """Return n pairs of (training, test) row numbers: stratified, no group on both sides, each row tested once.

    `labels` and `groups` have shape (rows,). Classes with fewer rows than n are spread as far as they go. With fewer
    groups than n there are as many pairs as groups.

    Raises:
        ValueError: n is less than 2, or there are fewer than two groups.

    """
    dealt = _deal(np.asarray(labels, dtype=object), groups, n, seed)
    return [(np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)) for fold in np.unique(dealt)]


def _labelled(data: LabelledComplaints) -> npt.NDArray[np.bool_]:
    labelled = np.zeros(len(data), dtype=np.bool_)
    for target in data.targets:
        labelled |= data.labels(target) != ""
    return labelled


def _by_time(data: LabelledComplaints, groups: _Indices, usable: _Indices, recipe: Recipe) -> Split | None:
    days = (data.received[usable] + _CHINA_OFFSET).astype("datetime64[D]")
    dated = days[~np.isnat(days)]
    distinct, counts = np.unique(dated, return_counts=True)
    shares = (len(dated) - np.cumsum(counts)[:-1]) / len(usable)
    fraction = recipe.test_fraction
    if not len(shares):
        return None
    cut = int(np.argmin(np.abs(shares - fraction)))
    if not fraction / 2 <= shares[cut] <= fraction * 2:
        return None
    first_test_day = distinct[cut + 1]
    late = days >= first_test_day
    train = usable[~late]
    straddling = np.isin(groups[usable], groups[train]) & late
    test = usable[late & ~straddling]
    if not len(test):
        return None
    undated = int(np.isnat(days).sum())
    sentence = (
        f"按受理时间划分：{distinct[0]} 至 {distinct[cut]} 的 {len(train):,} 行用于训练"
        f"（含无时间的 {undated:,} 行），{first_test_day} 至 {distinct[-1]} 的 {len(test):,} 行用于测试；"
        f"测试期内另有 {int(straddling.sum()):,} 行与此前文本近重复，两边都不用。\n"
        f"By time: {len(train):,} rows from {distinct[0]} to {distinct[cut]} to learn from ({undated:,} of them without "
        f"a time), {len(test):,} rows from {first_test_day} to {distinct[-1]} as the test; {int(straddling.sum()):,} "
        "late rows like earlier ones are in neither."
    )
    return Split(train, test, _others(len(data), train, test), "by time", sentence)


def _grouped(data: LabelledComplaints, texts: Column, groups: _Indices, usable: _Indices, recipe: Recipe) -> Split:
    inside = groups[usable]
    chosen = np.zeros(len(usable), dtype=np.bool_)
    if len(np.unique(inside)) > 1:
        chosen = _first(strata(data)[usable], _names(texts[usable], recipe.seed), inside, recipe.test_fraction)
    for target in data.targets:
        chosen &= ~np.isin(inside, _only_groups(data.labels(target)[usable], inside))
    train, test = usable[~chosen], usable[chosen]
    sentence = (
        f"分层并按近重复文本分组划分（种子 {recipe.seed}）：{len(train):,} 行用于训练，{len(test):,} 行用于测试；"
        "只有一组文本的类全部留在训练中。\n"
        f"Stratified and grouped by near-duplicate text (seed {recipe.seed}): {len(train):,} rows to learn from, "
        f"{len(test):,} as the test; a class with a single group of texts stays in training."
    )
    return Split(train, test, _others(len(data), train, test), "grouped and stratified", sentence)


def _names(texts: Column, seed: int) -> npt.NDArray[np.uint64]:
    """Return a number for each text that depends on it and on the seed alone: the same whatever else is in the data."""
    key = seed.to_bytes(8, "big")
    said = (same_content(text).encode("utf-8", "surrogatepass") for text in texts)
    named = (int.from_bytes(blake2b(each, digest_size=8, key=key).digest(), "big") for each in said)
    return np.fromiter(named, np.uint64, len(texts))


def _first(
    strata: npt.NDArray[np.object_], names: npt.NDArray[np.uint64], groups: _Indices, fraction: float
) -> npt.NDArray[np.bool_]:
    """Choose, of each stratum, the groups with the smallest names, until about `fraction` of its rows is reached.

    A group is called by the smallest name in it, and is of the stratum of that row.
    """
    frame = pd.DataFrame({"group": groups, "name": names, "stratum": strata})
    frame["rows"] = frame.groupby("group")["name"].transform("size")
    called = frame.sort_values("name", kind="stable").drop_duplicates("group")
    behind = called.groupby("stratum")["rows"].cumsum() - called["rows"] / 2
    wanted = called.groupby("stratum")["rows"].transform("sum") * fraction
    return np.isin(groups, called["group"][behind < wanted])


def strata(data: LabelledComplaints) -> npt.NDArray[np.object_]:
    """Return the label to stratify by: of the head with the most classes, where a row has it, else of the other."""
    strata = np.full(len(data), "", dtype=object)
    for target in sorted(data.targets, key=lambda target: -len(set(data.labels(target)))):
        labels = data.labels(target)
        strata = np.where((strata == "") & (labels != ""), f"{target}=" + labels, strata)
    return strata


def _only_groups(labels: npt.NDArray[np.object_], groups: _Indices) -> _Indices:
    """Return the groups that are the only one of a class."""
    held = pd.DataFrame({"label": labels, "group": groups})[labels != ""].drop_duplicates()
    single: _Indices = groups[held.index[~held["label"].duplicated(keep=False)].to_numpy()]
    return single


def _others(rows: int, train: _Indices, test: _Indices) -> _Indices:
    return np.setdiff1d(np.arange(rows), np.concatenate([train, test]))


def _deal(labels: npt.NDArray[np.object_], groups: _Indices, n: int, seed: int) -> _Indices:
    """Return a fold number, 0 to n - 1, for each row: stratified, each group in one fold.

    StratifiedGroupKFold deals the groups of several rows. Rows that are alone, in most data nearly all, then fill up
    each class where it is lowest: as even, without a minute of its Python for half a million groups.
    """
    codes, names = pd.factorize(labels)
    group, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    n = min(n, len(sizes))
    if n < 2:  # noqa: PLR2004 - two sides
        raise ValueError(f"cannot make {n} folds of {len(sizes)} groups of texts, expected at least 2 of each")
    shuffle = np.random.default_rng(seed)
    dealt = np.zeros(len(codes), np.int64)
    together = np.flatnonzero(sizes[group] > 1)
    strata = _thick(codes[together], len(names), n)
    ranks, large = pd.factorize(group[together])
    if len(large) >= n:
        cards = StratifiedGroupKFold(n, shuffle=True, random_state=seed).split(together, strata, group[together])
        for fold, (_, test) in enumerate(cards):
            dealt[together[test]] = fold
    else:
        dealt[together] = ranks
    filled = np.zeros((len(names), n), np.int64)
    np.add.at(filled, (codes[together], dealt[together]), 1)
    totals = filled.sum(axis=0)
    alone = shuffle.permutation(np.flatnonzero(sizes[group] == 1))
    alone = alone[np.argsort(codes[alone], kind="stable")]
    starts = np.flatnonzero(np.diff(codes[alone])) + 1
    for rows in sorted(np.split(alone, starts), key=len, reverse=True):
        if not len(rows):
            break
        levels = filled[codes[rows[0]]][:, np.newaxis] + np.arange(len(rows))
        lowest = np.lexsort((np.repeat(totals, len(rows)), levels.ravel()))[: len(rows)]
        dealt[rows] = lowest // len(rows)
        totals += np.bincount(dealt[rows], minlength=n)
    return dealt


def _thick(codes: _Indices, classes: int, n: int) -> _Indices:
    """Return the codes with the classes of fewer than n rows pooled, if need be with the largest class as well."""
    counts = np.bincount(codes, minlength=classes)
    thin = counts < n
    pooled = np.where(thin[codes], classes, codes)
    if 0 < int(counts[thin].sum()) < n:
        pooled[pooled == classes] = counts.argmax()
    return pooled
