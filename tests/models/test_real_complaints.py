"""The compiled scorer against the reference on real complaints, where there are any. Only numbers are ever printed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.normalise import Normaliser
from models.prediction import ModelVersion
from models.reference import reference_pipelines
from models.triage import TriageModel
from training.fitting.fit import fit
from training.gate.examine import examine
from training.measuring.evaluate import lessons_of, read_background, read_documents
from training.recipe import Recipe
from training.tables.columns import Role
from training.tables.dataset import read_labelled

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LEARNT = 3_000
CHUNK = 500


pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not on this machine")


@pytest.fixture(
    scope="module",
    params=[("taidi2020c.csv.gz", {}), ("haikou12345.csv.gz", {Role.OFFICE: "office_group", Role.DOMAIN: ""})],
    ids=["taidi", "haikou"],
)
def learnt(request, lexicon):
    """All rows, which of them were learnt from, and the model of those."""
    name, columns = request.param
    data, normalise = read_labelled([SHARED / name], columns), Normaliser()
    own = np.linspace(0, len(data) - 1, LEARNT).astype(int)
    sample = data.select(own)
    recipe = Recipe(folds=2)
    examined = examine(sample, recipe, lambda text: normalise(text).text)
    rows = np.flatnonzero(examined.groups >= 0)
    documents = read_documents(sample)
    fitted = fit(
        [documents[row] for row in rows],
        lessons_of(sample, examined, rows, recipe, {}),
        examined.groups[rows],
        read_background(),
        lexicon,
        recipe,
        lambda *_: None,
    )
    return data, own, fitted.model


def test_every_third_real_complaint_gets_the_references_probabilities(learnt, lexicon, awkward, record_property):
    (data, _, model), every = learnt, awkward.EVERY
    compiled = TriageModel(model, ModelVersion("complaint-triage", "1"), {})
    ((target, pipeline),) = reference_pipelines(model, lexicon).items()
    compared, furthest, same = 0, 0.0, 0
    for start in range(0, len(data), CHUNK * every):
        complaints = [data.complaint(row) for row in range(start, min(start + CHUNK * every, len(data)), every)]
        theirs = pipeline.predict_proba(complaints)
        ours = compiled.score_many(complaints).probabilities
        compared += len(complaints)
        furthest = max(furthest, float(abs(ours - theirs).max()))
        same += int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    record_property(target, f"{compared} rows, furthest {furthest:.2e}, same answer {same}")
    assert compared == -(-len(data) // every)
    assert furthest <= 1e-5
    assert same >= compared - 2  # two classes may be equally probable to six digits


@pytest.mark.parametrize("copy", ["traditional", "garbled"])
def test_copies_in_traditional_script_or_with_pinyin_lose_at_most_a_point(learnt, copy, awkward, record_property):
    data, own, model = learnt
    compiled, change = TriageModel(model, ModelVersion("complaint-triage", "1"), {}), getattr(awkward, copy)
    (head,) = compiled.heads
    unseen = np.setdiff1d(np.arange(len(data)), own)[::2]
    truth, classes = data.labels(head.target)[unseen], np.array(head.classes, object)

    def accuracy(rewrite):
        copies = [
            replace(each, text=rewrite(each.text), title=rewrite(each.title)) for each in map(data.complaint, unseen)
        ]
        return float((classes[compiled.score_many(copies).leading[:, 0, 0]] == truth).mean())

    clean, copied = accuracy(lambda text: text), accuracy(change)
    record_property(head.target, f"{len(unseen)} rows: clean {clean:.4f}, {copy} {copied:.4f}")
    assert copied >= clean - 0.01
