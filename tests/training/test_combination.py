"""A version measured together with a charter: what the service would answer, held against the model alone."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from models.charter.articles import Office, OfficeKind, Validity
from models.charter.demo import demo_charter
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion
from models.charter.trust import SHIPPED, Trust
from models.decision import Coverage, Sets
from models.prediction import ModelVersion, PredictionSet
from models.triage import TriageModel
from training.measuring.combination import _in_set, _Ticket, combine
from training.measuring.trust import trust_in
from training.tables.dataset import read_labelled

NOW = datetime(2026, 5, 6, 3, tzinfo=UTC)
DEMO = CharterVersion("demo", "1")


@pytest.fixture(scope="module")
def resolver():
    return Resolver(demo_charter(), DEMO)


@pytest.fixture(scope="module")
def tiny_path(tiny_complaints, tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.csv"
    path.write_text("\n".join(["text,domain,office", *map(",".join, tiny_complaints)]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def rows(tiny_path):
    return read_labelled([tiny_path])


@pytest.fixture(scope="module")
def fitted(fit_files, tiny_path):
    return fit_files([tiny_path], folds=3)


@pytest.fixture(scope="module")
def believing(fitted, tiny_path):
    """The tiny model with trust in the demo charter, and that trust."""
    data = read_labelled([tiny_path])
    trust = trust_in(demo_charter(), fitted, data, np.arange(len(data)), date(2026, 5, 6))
    about = {"about": {"trust": trust.to_manifest(offices_of(fitted))}}
    return TriageModel(fitted.model, ModelVersion("m", "1"), about), trust


def offices_of(fitted):
    return next(head.classes for head in fitted.model.heads if head.target == "office")


def test_the_combination_is_measured_as_the_service_answers(tiny_model, resolver, rows):
    found = combine(tiny_model, resolver, rows, NOW)
    assert sorted(found.rows.tolist()) == list(range(60))
    assert found.split == 0
    for place, row in enumerate(found.rows.tolist()):
        triage, scores = tiny_model.triage_and_scores(rows.complaint(row))
        office = resolver.resolve(triage, scores, triage.complaint, NOW)[0].office
        assert found.both.truth[place] == rows.labels("office")[row]
        assert (found.both.answer[place], found.both.confidence[place]) == (office.code, office.confidence)
        assert (found.alone.answer[place], found.alone.confidence[place]) == (
            triage.office.code,
            triage.office.confidence,
        )
        assert (found.both.set_sizes[place] > 0) == (office.set is not None)


def test_the_figures_are_of_both_with_the_models_beside_them_and_the_paired_difference(tiny_model, resolver, rows):
    found = combine(tiny_model, resolver, rows, NOW)
    figures = found.figures()
    assert figures["accuracy"] == found.both.correct.mean()
    assert figures["model_accuracy"] == found.alone.correct.mean()
    for name in ("accuracy", "macro_f1", "top3"):
        assert figures[f"over_model_{name}"] == pytest.approx(figures[name] - figures[f"model_{name}"])
        assert figures[f"over_model_{name}_low"] <= figures[f"over_model_{name}_high"]
    assert {"ece", "model_ece", "coverage_at_target", "model_coverage_at_target", "split"} <= set(figures)


def test_trust_in_a_charter_brings_a_bound_for_the_sets_of_the_combination(fitted, believing, resolver, rows):
    model, trust = believing
    assert trust.sets.coverage.at_least == 0.95
    assert Trust.from_manifest(trust.to_manifest(offices_of(fitted)), offices_of(fitted)) == trust
    found = combine(model, resolver, rows, NOW)
    figures = found.figures()
    assert figures["set_share"] == 1
    assert figures["set_coverage"] >= 0.9
    assert figures["set_size_mean"] >= 1


def test_what_is_sent_by_itself_is_measured_by_the_tiers_of_the_combination(fitted, believing, resolver, rows):
    trust = believing[1]
    nobody = replace(trust.policy, thresholds=(np.inf,) * len(trust.policy.thresholds))
    anybody = replace(trust.policy, thresholds=(0.0,) * len(trust.policy.thresholds))
    for policy, share in ((nobody, 0), (anybody, 1)):
        about = {"about": {"trust": replace(trust, policy=policy).to_manifest(offices_of(fitted))}}
        found = combine(TriageModel(fitted.model, ModelVersion("m", "1"), about), resolver, rows, NOW)
        figures = found.figures()
        assert figures["auto_coverage"] == share
        assert figures["auto_precision"] == (
            pytest.approx(figures["accuracy"]) if share else pytest.approx(np.nan, nan_ok=True)
        )
        assert figures["model_auto_coverage"] == found.alone_auto.mean()


def test_an_office_that_the_set_does_not_name_is_in_it_where_it_is_probable_enough(fitted, believing, resolver, rows):
    trust = believing[1]
    everybody = Sets(Coverage("smallest set @ coverage >= 0.95"), 1e-12)
    about = {"about": {"trust": Trust(trust.weights, trust.charter, everybody).to_manifest(offices_of(fitted))}}
    model = TriageModel(fitted.model, ModelVersion("m", "1"), about)
    found = combine(model, resolver, rows, NOW)
    assert set(found.both.set_sizes.tolist()) == {len(resolver.roster(NOW.date(), model.heads).offices)}
    assert found.both.in_set.all()


def test_so_it_is_where_the_models_own_set_stands(tiny_model, resolver, rows):
    complaint, sets = rows.complaint(0), Sets(Coverage("smallest set @ coverage >= 0.95"), 1e-12)
    triage, scores = tiny_model.triage_and_scores(complaint)
    heads = tuple(replace(head, policy=replace(head.policy, sets=sets)) for head in scores.heads)
    told = _Ticket(triage, scores._replace(heads=heads, trust=Trust(SHIPPED)), triage.complaint, NOW)
    answer = triage.office._replace(set=PredictionSet(0.95, (triage.office.code,), 2))
    assert all(_in_set(answer, office, resolver, told) for office in ("T01", "T04", "T06"))
    assert not _in_set(answer, "O01", resolver, told)
    assert not _in_set(answer._replace(set=None), triage.office.code, resolver, told)


def test_rows_of_an_office_that_was_split_are_left_out_and_counted(tiny_model, rows):
    charter, last = demo_charter(), Validity(until=date(2026, 1, 1))
    offices = [replace(o, validity=last, successors=("T91", "T92")) if o.code == "T01" else o for o in charter.offices]
    halves = (Office("T91", "东亭一所", OfficeKind.STATION), Office("T92", "东亭二所", OfficeKind.STATION))
    found = combine(tiny_model, Resolver(replace(charter, offices=(*offices, *halves)), DEMO), rows, NOW)
    assert found.split == (rows.labels("office") == "T01").sum() > 0
    assert "T01" not in found.both.truth


def test_a_renamed_office_is_the_same_for_both(tiny_model, rows):
    charter, last = demo_charter(), Validity(until=date(2026, 1, 1))
    offices = [replace(o, validity=last, successors=("T91",)) if o.code == "T01" else o for o in charter.offices]
    renamed = replace(charter, offices=(*offices, Office("T91", "东亭新所", OfficeKind.STATION)))
    found = combine(tiny_model, Resolver(renamed, DEMO), rows, NOW)
    mine = found.both.truth == "T91"
    assert mine.sum() == (rows.labels("office") == "T01").sum()
    assert found.alone.correct[mine].mean() > 0.9


def test_a_text_out_of_scope_is_a_wrong_answer_of_both(tiny_model, resolver, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,office\n你好,T01\n", encoding="utf-8")
    found = combine(tiny_model, resolver, read_labelled([path]), NOW)
    assert (found.both.answer.tolist(), found.alone.answer.tolist()) == ([""], [""])
    assert found.figures()["accuracy"] == found.figures()["model_accuracy"] == 0


def test_there_is_nothing_to_measure_without_offices(fit_tiny, resolver, rows, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,domain\n酸奶早就过期了,FDS\n健身房关门了,PRE\n", encoding="utf-8")
    without = TriageModel(fit_tiny("domain"), ModelVersion("m", "1"), {})
    assert combine(without, resolver, rows, NOW) is None
