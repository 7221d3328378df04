"""Counting n-grams: fit and transform, against scikit-learn's vectorisers with jieba."""

from statistics import median
from typing import Any

from features.vectorise import ComplaintVectoriser
from tests.benchmarks.measure import Took, took
from tests.benchmarks.peers import vectorisers
from tests.benchmarks.world import World
from training.recipe import Recipe


def measure(world: World) -> dict[str, Any]:
    """fit_transform of the n-grams of all fields of normalised text; ours before the peer and after it.

    `ratio` is by the wall, ours on all cores, the peer as it comes: on one. `ratio_one_core` has both on one.
    """
    rows, lexicon, min_df = world.rows.resampled(world.sizes.feature_rows), world.lexicon, Recipe().min_df
    documents = rows.documents

    def ours(jobs: int | None) -> Took:
        vectoriser = ComplaintVectoriser(lexicon.trie, min_df=min_df, n_jobs=jobs)
        return took(lambda: vectoriser.fit_transform(documents))

    every, one = [ours(-1)], [ours(None)]
    peer = took(lambda: vectorisers(documents, lexicon, min_df).fit_transform(documents))
    every.append(ours(-1))
    one.append(ours(None))
    seconds, seconds_one = (median(each.wall for each in side) for side in (every, one))
    matrix = one[0].result
    return {
        "ratio": peer.wall / seconds,
        "ratio_one_core": peer.cpu / median(each.cpu for each in one),
        "seconds": {"naive": peer.wall, "ours": seconds, "ours_one_core": seconds_one},
        "features": {"naive": peer.result.shape[1], "ours": matrix.shape[1]},
        "entries": {"naive": int(peer.result.nnz), "ours": int(matrix.nnz)},
        "rows": rows.name,
    }
