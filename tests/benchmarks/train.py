"""The solver, and the whole training from texts to a calibrated model, each against scikit-learn's."""

import warnings
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from features.vectorise import ComplaintVectoriser, corpus
from models.batch import score_corpus
from models.fitted import FIELDS
from models.linear import LinearHead
from tests.benchmarks.learn import learn
from tests.benchmarks.measure import Took, took
from tests.benchmarks.peers import calibrated_pipeline, linear_svc
from tests.benchmarks.world import World
from training.measuring.peers import FastText
from training.recipe import Recipe

RECIPE = Recipe()
_THREADS = 2
_ROUNDS = 3


def solver(world: World) -> dict[str, Any]:
    """LinearHead against LinearSVC with the same objective on the same matrix: both on one core, judged on a held-out fold."""
    vectoriser = ComplaintVectoriser(world.lexicon.trie, min_df=RECIPE.min_df, n_jobs=-1)
    matrix = vectoriser.fit_transform(world.train.documents)
    offices, codes = np.unique(world.train.office.astype(str), return_inverse=True)
    truth = world.unseen.office.astype(str)
    heads = {
        "ours": LinearHead(C=RECIPE.c, balance=RECIPE.balance, max_iter=RECIPE.max_iter, tol=RECIPE.tol),
        "naive": linear_svc(codes, len(offices), RECIPE),
    }
    runs: dict[str, list[Took]] = {name: [] for name in heads}
    for _ in range(_ROUNDS):
        for name, head in heads.items():
            runs[name].append(took(lambda: head.fit(matrix, codes)))  # noqa: B023 - called at once
    unseen = vectoriser.transform(world.unseen.documents)
    found = {}
    for name, head in heads.items():
        answers = offices[head.predict(unseen)]
        found[name] = {
            "macro_f1": float(f1_score(truth, answers, average="macro", zero_division=0)),
            "accuracy": float((answers == truth).mean()),
        }
    seconds = {name: median(run.cpu for run in each) for name, each in runs.items()}
    return {
        "ratio": seconds["naive"] / seconds["ours"],
        "seconds": seconds,
        "macro_f1_points": 100 * (found["ours"]["macro_f1"] - found["naive"]["macro_f1"]),
        "held_out": found,
        "rows": f"{matrix.shape[0]:,} rows × {matrix.shape[1]:,} features, {len(offices)} offices",
    }


def training(world: World) -> dict[str, Any]:
    """From normalised texts to a calibrated model of all offices: ours, the peer, ours again; fastText beside.

    `ratio` is by the wall, ours on all cores, the peer as it comes: on one. `ratio_of_processor_time` has all cores' time.
    """
    rows, lexicon = world.rows, world.lexicon
    labels = [str(label) for label in rows.office]
    pipeline = calibrated_pipeline(rows.documents, lexicon, RECIPE, _folds(labels))

    def ours() -> Took:
        return took(lambda: learn(rows, lexicon, ("office",), groups=rows.groups, least=1))

    mine = [ours()]
    peer = took(lambda: pipeline.fit(rows.documents, labels))
    fast = took(lambda: FastText.learn([" ".join(each) for each in rows.documents], labels, lexicon, _THREADS))
    mine.append(ours())
    wall, cpu = median(each.wall for each in mine), median(each.cpu for each in mine)
    return {
        "ratio": peer.wall / wall,
        "ratio_of_processor_time": peer.cpu / cpu,
        "fasttext_ratio": fast.wall / wall,
        "seconds": {"naive": peer.wall, "ours": wall, "fasttext": fast.wall},
        "processor_seconds": {"naive": peer.cpu, "ours": cpu, "fasttext": fast.cpu},
        "held_out_accuracy": _accuracy(world),
        "rows": f"{len(rows):,} rows, {len(set(labels))} offices",
    }


def _folds(labels: list[str]) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    with warnings.catch_warnings():
        # an office of fewer rows than folds is missing in some
        warnings.simplefilter("ignore", UserWarning)
        return list(StratifiedKFold(RECIPE.folds, shuffle=True, random_state=0).split(labels, labels))


def _accuracy(world: World) -> dict[str, float]:
    """On the held-out fold, without the offices that are in it alone. The peer's is under `solver`."""
    train, test = world.train, world.unseen
    fitted = learn(train, world.lexicon, ("office",), groups=world.rows.groups[world.rows.parts[0]]).model
    scores = score_corpus(fitted.scorer(), corpus(test.documents, len(FIELDS)))
    ours = np.array(fitted.heads[0].classes)[scores.probabilities.argmax(axis=1)]
    labels = [str(label) for label in train.office]
    learnt, asked = ([" ".join(each) for each in part.documents] for part in (train, test))
    fast = FastText.learn(learnt, labels, world.lexicon, _THREADS).answer(asked)
    truth = test.office.astype(str)
    return {"ours": float((ours == truth).mean()), "fasttext": float((fast == truth).mean())}
