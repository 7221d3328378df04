"""A recipe measured by cross-validation: each row by a model that has not seen it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.segment import Lexicon
from models.prediction import Target
from training.fitting.fit import Progress, fit
from training.gate.examine import Examined
from training.gate.split import folds
from training.measuring.evaluate import lessons_of, measure, read_background, read_documents
from training.measuring.figures import Outcome, together
from training.measuring.peers import CHEAP, PeerName, ask, suited
from training.recipe import Recipe
from training.tables.dataset import LabelledComplaints

_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """A head over all folds.

    rows: the row of the data that each entry of the outcome is about [n]; peers: what others said of these rows [n], by
    name, each having learnt from the same rows as the head.
    """

    outcome: Outcome
    rows: _Indices
    peers: Mapping[PeerName, npt.NDArray[np.str_]]


def cross_validate(
    data: LabelledComplaints,
    examined: Examined,
    recipe: Recipe,
    n_folds: int,
    lexicon: Lexicon,
    progress: Progress,
    peers: Sequence[PeerName] = CHEAP,
) -> dict[Target, CrossValidated]:
    """Fit n_folds times, each time without one part of the rows, and measure on that part.

    Near-duplicates are in one part, so that no row is measured by its own copy; features, selection, calibration and
    thresholds are learnt anew each time.
    """
    documents, background = read_documents(data), read_background()
    found: dict[Target, CrossValidated] = {}
    labelled = np.flatnonzero(examined.texts != "")
    for target in data.targets:
        labels = data.labels(target)
        rows = labelled[labels[labelled] != ""]
        outcomes, tested, told = [], [], []
        asked_too = suited(peers, labels[rows])
        for number, (train, test) in enumerate(folds(labels[rows], examined.groups[rows], n_folds, recipe.seed), 1):
            progress(f"{target} {number}/{n_folds}", number - 1, n_folds)
            learnt, asked = rows[train], rows[test]
            taught = [each for each in lessons_of(data, examined, learnt, recipe, {}) if each.target == target]
            fitted = fit(
                documents[learnt], taught, examined.groups[learnt], background, lexicon, recipe, lambda *_: None
            )
            said = measure(fitted, target, documents[asked], labels[asked], recipe)
            outcomes.append(replace(said, groups=examined.groups[asked]))
            tested.append(asked)
            told.append(ask(asked_too, documents[learnt], labels[learnt].astype(str), documents[asked], lexicon))
            progress(f"{target} {number}/{n_folds}", number, n_folds)
        said_too = {name: np.concatenate([answers[name] for answers in told]) for name in asked_too}
        found[target] = CrossValidated(together(outcomes), np.concatenate(tested), said_too)
    return found
