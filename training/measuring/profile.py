"""What the rows held out look like to the twin that has not seen them: the reference that a version is watched against."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auditing.figures.profile import Profile, profile_of
from models.triage import out_of_scope
from training.fitting.fit import Fit
from training.measuring.evaluate import scored
from training.tables.dataset import LabelledComplaints


def held_out_profile(twin: Fit, data: LabelledComplaints, documents: Sequence[tuple[str, ...]]) -> Profile:
    """Profile documents held out as a service would have answered them; the pairs of domain and office are those of `data`.

    Rows that the twin has learnt would look too familiar: every n-gram known, every answer sure.
    """
    model = twin.model
    answers: list[list[str | None]] = [[] for _ in model.heads]
    confidences: list[list[npt.NDArray[np.float32]]] = [[] for _ in model.heads]
    facts = []
    for _, scores in scored(model, documents):
        facts.append(scores.facts)
        silent = np.array(
            [
                bool(out_of_scope(model.scope, found, margin))
                for found, margin in zip(scores.facts.tolist(), scores.scope.tolist(), strict=True)
            ],
            np.bool_,
        )
        for number, (head, (first, last)) in enumerate(zip(model.heads, model.spans(), strict=True)):
            mine = scores.probabilities[:, first:last]
            answers[number] += [
                None if quiet else head.classes[code]
                for quiet, code in zip(silent, mine.argmax(axis=1).tolist(), strict=True)
            ]
            confidences[number].append(mine[~silent].max(axis=1))
    targets = [head.target for head in model.heads]
    return profile_of(
        len(documents),
        dict(zip(targets, answers, strict=True)),
        dict(zip(targets, map(np.concatenate, confidences), strict=True)),
        np.concatenate(facts),
        _pairs(data),
    )


def _pairs(data: LabelledComplaints) -> dict[tuple[str, str], int]:
    if len(data.targets) < 2:  # noqa: PLR2004  one head alone makes no pairs
        return {}
    both = zip(data.labels("domain").tolist(), data.labels("office").tolist(), strict=True)
    return dict(sorted(Counter(pair for pair in both if all(pair)).items()))
