"""What a model of the starter set is worth: on texts that are no complaints, on rows it has not seen, on their copies."""

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.complaint import Complaint
from models.prediction import Decision

MUST_ABSTAIN = Path(__file__).parents[1] / "data" / "must_abstain.csv"

OUTSIDE = {"too_short", "unfamiliar_text", "not_a_complaint"}


@pytest.fixture(scope="session")
def must_abstain():
    """(kind, text) of texts that are no complaints, of which no model has seen one."""
    with MUST_ABSTAIN.open(encoding="utf-8", newline="") as file:
        return [(row["kind"], row["text"]) for row in csv.DictReader(file)]


def test_on_texts_that_are_no_complaints_both_heads_stay_silent(starter_model, must_abstain):
    answers = starter_model.triage_many(Complaint(text) for _, text in must_abstain)
    spoken = [
        kind
        for (kind, _), answer in zip(must_abstain, answers, strict=True)
        if not answer.domain.decision is answer.office.decision is Decision.ABSTAIN
    ]
    silent = 1 - len(spoken) / len(must_abstain)
    print(f"silent on {silent:.1%} of {len(must_abstain)}; spoken: {Counter(spoken).most_common()}")
    assert silent >= 0.98


def test_of_complaints_that_were_not_learnt_from_hardly_any_is_out_of_scope(held_out):
    model, unseen = held_out
    outside = [bool(OUTSIDE & set(answer.doubts)) for answer in model.triage_many(unseen.complaints())]
    print(f"out of scope: {sum(outside)} of {len(outside)}")
    assert np.mean(outside) <= 0.01


def right(model, complaints, labels):
    """The share of complaints whose most probable class is the label, whatever the decision, per head."""
    scores = model.score_many([model.read(complaint) for complaint in complaints])
    found = {}
    for number, head in enumerate(model.heads):
        best = np.array(head.classes)[scores.leading[:, number, 0]]
        found[head.target] = float((best == labels[head.target].astype(str)).mean())
    return found


@pytest.mark.parametrize("how", ["traditional", "garbled", "both"])
def test_copies_of_unseen_complaints_lose_at_most_one_point_of_accuracy(how, held_out, awkward):
    changes = {
        "traditional": awkward.traditional,
        "garbled": awkward.garbled,
        "both": lambda text: awkward.garbled(awkward.traditional(text)),
    }
    model, unseen = held_out
    complaints = list(unseen.complaints())
    labels = {target: unseen.labels(target) for target in unseen.targets}
    fields = ("text", "title", "merchant", "address")
    copies = [
        replace(complaint, **{field: changes[how](getattr(complaint, field)) for field in fields})
        for complaint in complaints
    ]
    assert sum(copy.text != complaint.text for copy, complaint in zip(copies, complaints, strict=True)) > 190
    clean, copied = right(model, complaints, labels), right(model, copies, labels)
    print(how, clean, copied)
    for target in ("domain", "office"):
        assert copied[target] >= clean[target] - 0.01


def test_unseen_complaints_are_mostly_understood(held_out):
    model, unseen = held_out
    labels = {target: unseen.labels(target) for target in unseen.targets}
    accuracy = right(model, list(unseen.complaints()), labels)
    print(accuracy)
    assert accuracy["domain"] >= 0.7
    assert accuracy["office"] >= 0.7
