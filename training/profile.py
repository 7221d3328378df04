"""What the rows held out look like to the twin that has not seen them: the reference that a version is watched against."""

from collections import Counter

import numpy as np
import numpy.typing as npt

from auditing.profile import Profile, profile_of
from features.vectorise import corpus
from models.batch import score_corpus
from models.fitted import FIELDS
from models.triage import out_of_scope
from training.dataset import LabelledComplaints
from training.evaluate import Documents
from training.fit import Fit


def held_out_profile(twin: Fit, data: LabelledComplaints, documents: Documents, rows: npt.NDArray[np.int64]) -> Profile:
    """Profile the rows as a service would have answered them; the pairs of domain and office are those of all the data.

    Rows that the twin has learnt would look too familiar: every n-gram known, every answer sure.
    """
    model = twin.model
    scores = score_corpus(model.scorer(), corpus([documents[row] for row in rows.tolist()], len(FIELDS)))
    silent = np.array(
        [
            bool(out_of_scope(model.scope, facts, margin))
            for facts, margin in zip(scores.facts.tolist(), scores.scope.tolist(), strict=True)
        ],
        bool,
    )
    said = {
        head.target: (head.classes, scores.probabilities[:, first:last])
        for head, (first, last) in zip(model.heads, model.spans(), strict=True)
    }
    answers = {
        target: [
            None if quiet else classes[code] for quiet, code in zip(silent, mine.argmax(axis=1).tolist(), strict=True)
        ]
        for target, (classes, mine) in said.items()
    }
    confidences = {target: mine[~silent].max(axis=1) for target, (_, mine) in said.items()}
    return profile_of(len(rows), answers, confidences, scores.facts, _pairs(data))


def _pairs(data: LabelledComplaints) -> dict[tuple[str, str], int]:
    if len(data.targets) < 2:  # noqa: PLR2004  one head alone makes no pairs
        return {}
    both = zip(data.labels("domain").tolist(), data.labels("office").tolist(), strict=True)
    return dict(sorted(Counter(pair for pair in both if all(pair)).items()))
