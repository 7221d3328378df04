"""The training rows in parts of their own, for choosing a recipe: the rows held out take no part in it."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from training.gate.errors import RowsTooFew
from training.gate.examine import Examined
from training.gate.split import folds, strata
from training.measuring.evaluate import lessons_of
from training.recipe import Recipe
from training.tables.dataset import LabelledComplaints
from training.tables.moments import CHINA

FOLDS = 3
"""Parts that are asked about."""

LEAST = 30
"""Texts that are not like each other: with fewer, recipes cannot be told apart."""

_FIRST_LEARNT = 0.4
"""By time, the share of the training rows before the first part that is asked about."""

_CHINA_OFFSET = np.timedelta64(CHINA.utcoffset(None))
_Indices = npt.NDArray[np.int64]


class InnerFold(NamedTuple):
    """Rows to learn from and rows to ask about, numbers within the data, no near-duplicates on both sides."""

    learnt: _Indices
    asked: _Indices


def inner_folds(data: LabelledComplaints, examined: Examined, recipe: Recipe) -> list[InnerFold]:
    """Cut `examined.split.train` as that split itself was made.

    By time where it was by time: each part is asked about by what is earlier, without the rows that are like earlier ones;
    rows without a time are learnt from. Else, or where the days are too few, stratified and grouped.

    Raises:
        RowsTooFew: there are fewer than LEAST different texts, or a part that nothing could be learnt for.

    """
    train, groups = examined.split.train, examined.groups
    texts = len(np.unique(groups[train]))
    if texts < LEAST:
        raise RowsTooFew(len(train), texts, LEAST, "paidan train")
    found = _by_time(data, train, groups) if examined.split.how == "by time" else []
    if not found:
        pairs = folds(strata(data)[train], groups[train], FOLDS, recipe.seed)
        found = [InnerFold(train[learnt], train[asked]) for learnt, asked in pairs]
    if not all(_can_be_learnt(data, examined, fold, recipe) for fold in found):
        raise RowsTooFew(len(train), texts, LEAST, "paidan train")
    return found


def _by_time(data: LabelledComplaints, train: _Indices, groups: _Indices) -> list[InnerFold]:
    days = (data.received[train] + _CHINA_OFFSET).astype("datetime64[D]")
    distinct, counts = np.unique(days[~np.isnat(days)], return_counts=True)
    so_far = np.cumsum(counts) / counts.sum()
    wanted = np.linspace(_FIRST_LEARNT, 1, FOLDS + 1)[:-1]
    if len(distinct) < 2:  # noqa: PLR2004 - before and after
        return []
    # the days after which a part begins; the last day begins none
    cuts = np.unique(distinct[[int(np.argmin(np.abs(so_far[:-1] - share))) for share in wanted]])
    found = []
    for after, last in pairwise([*cuts, distinct[-1]]):
        late = days > after
        learnt = train[~late]
        asked = train[late & (days <= last)]
        asked = asked[~np.isin(groups[asked], groups[learnt])]
        if len(asked):
            found.append(InnerFold(learnt, asked))
    return found


def _can_be_learnt(data: LabelledComplaints, examined: Examined, fold: InnerFold, recipe: Recipe) -> bool:
    """Whether some head has classes to learn and rows to be asked about."""
    taught = lessons_of(data, examined, fold.learnt, recipe, {})
    return any((data.labels(each.target)[fold.asked] != "").any() for each in taught)
