"""Labels from several hands."""

import pandas as pd
import pytest

from auditing.cases.provenance import Provenance
from features.normalise import Normaliser
from training.errors import ProvenanceUnknown
from training.gate.errors import LabelsUnreviewed
from training.gate.examine import examine
from training.gate.merge import merge
from training.recipe import Recipe
from training.tables.columns import parse_mapping
from training.tables.dataset import read_labelled


@pytest.fixture(scope="module")
def normalise():
    return Normaliser().text_of


@pytest.fixture
def merged(tmp_path, normalise):
    """Merge tables, each given as a dictionary of columns and read from a file of its own."""

    def merged(*tables, columns=()):
        paths = []
        for number, table in enumerate(tables, 1):
            paths.append(tmp_path / f"{number}.parquet")
            pd.DataFrame(table).to_parquet(paths[-1])
        return merge(read_labelled(paths, parse_mapping(columns)), normalise)

    return merged


def labels(found, target="domain"):
    return dict(zip(found.data.texts, found.data.labels(target), strict=True))


def test_the_word_of_people_outranks_an_imported_label(merged):
    found = merged(
        {"text": ["过期牛奶", "健身卡"], "domain": ["PRC", "PRE"]},
        {"text": ["过期牛奶"], "domain": ["FDS"], "provenance": ["person"]},
    )
    assert labels(found) == {"过期牛奶": "FDS", "健身卡": "PRE"}
    assert len(found.data) == 2
    assert dict(found.report.provenance) == {Provenance.PERSON: 1, Provenance.IMPORTED: 1}
    assert (found.report.merged, dict(found.report.overruled)) == (1, {"domain": 1})


def test_the_order_of_the_files_does_not_decide(merged):
    people = {"text": ["过期牛奶"], "domain": ["FDS"], "provenance": ["person"]}
    imported = {"text": ["过期牛奶"], "domain": ["PRC"]}
    assert labels(merged(people, imported)) == labels(merged(imported, people)) == {"过期牛奶": "FDS"}


def test_the_same_ticket_is_the_same_complaint_whatever_it_says_now(merged):
    found = merged(
        {"text": ["过期牛奶"], "source": ["12345"], "ticket_id": ["T-1"], "domain": ["PRC"], "office": ["O12"]},
        {"text": ["过期牛奶，补充：已退款"], "source": ["12345"], "ticket_id": ["T-1"], "domain": ["FDS"], "office": [""],
         "provenance": ["person"]},
    )  # fmt: skip
    assert labels(found) == {"过期牛奶，补充：已退款": "FDS"}
    # what the reviewer left open is taken from the file
    assert labels(found, "office") == {"过期牛奶，补充：已退款": "O12"}


def test_ticket_numbers_without_a_source_are_nobodys(merged):
    found = merged(
        {"text": ["过期牛奶"], "ticket_id": ["1"], "domain": ["FDS"]},
        {"text": ["健身卡"], "ticket_id": ["1"], "domain": ["PRE"], "provenance": ["person"]},
    )
    assert len(found.data) == 2


def test_a_complaint_is_known_again_with_its_telephone_number_hidden(merged):
    found = merged(
        {"text": ["牛奶过期，回电13800000000"], "domain": ["PRC"]},
        {"text": ["牛奶过期，回电***********"], "domain": ["FDS"], "provenance": ["person"]},
    )
    assert list(labels(found).values()) == ["FDS"]


def test_of_two_words_of_people_the_last_holds_and_the_dispute_is_counted(merged):
    found = merged(
        {"text": ["过期牛奶"], "domain": ["PRC"], "provenance": ["person"]},
        {"text": ["过期牛奶"], "domain": ["FDS"], "provenance": ["person"]},
    )
    assert labels(found) == {"过期牛奶": "FDS"}
    assert dict(found.report.disputed) == {"domain": 1}
    assert dict(found.report.overruled) == {"domain": 0}


def test_imported_rows_among_themselves_are_left_as_they_are(merged):
    found = merged({"text": ["甲", "甲"], "domain": ["FDS", "PRE"]}, {"text": ["甲"], "domain": ["FDS"]})
    assert len(found.data) == 3
    assert found.report.merged == 0


def test_the_models_own_label_gives_way_to_any_other(merged):
    found = merged(
        {"text": ["甲", "乙"], "domain": ["PRC", "PRC"], "office": ["O12", "O12"], "provenance": ["model", "model"]},
        {"text": ["甲", "乙"], "domain": ["FDS", "PRE"], "office": ["", ""], "provenance": ["person", "imported"]},
    )
    assert labels(found) == {"甲": "FDS", "乙": "PRE"}
    assert labels(found, "office") == {"甲": "", "乙": ""}


def test_unreviewed_output_of_the_model_is_refused_with_the_way_out(merged):
    with pytest.raises(LabelsUnreviewed, match=r"2\.parquet, from row 2, 1 rows.*paidan audit export") as refused:
        merged(
            {"text": ["甲"], "domain": ["FDS"]},
            {"text": ["丙", "乙"], "domain": ["PRC", "PRE"], "provenance": ["person", "model"]},
        )
    assert refused.value.header == "domain"


@pytest.mark.parametrize("columns", [(), ("provenance=",)])
def test_taking_the_role_from_the_column_does_not_let_it_pass(merged, columns):
    with pytest.raises(LabelsUnreviewed):
        merged({"text": ["乙"], "domain": ["PRE"], "provenance": ["model"]}, columns=columns)


def test_what_paidan_predict_wrote_is_the_models_own(merged):
    written = {
        "text": ["甲", "乙"],
        "input_domain": ["FDS", "PRE"],
        "domain": ["FDS", "FDS"],
        "domain_confidence": [0.9, 0.4],
        "domain_decision": ["auto", "suggest"],
    }
    with pytest.raises(LabelsUnreviewed, match="name it with --column"):
        merged(written)
    assert labels(merged(written, columns=("domain=input_domain",))) == {"甲": "FDS", "乙": "PRE"}
    assert labels(merged(written | {"provenance": ["person", "person"]})) == {"甲": "FDS", "乙": "FDS"}


def test_reviewed_labels_go_with_a_file_of_other_headers(merged):
    found = merged(
        {"text": ["过期牛奶", "健身卡"], "承办": ["O12", "O13"], "office": ["一", "二"]},
        {"text": ["过期牛奶"], "office": ["O03"], "domain": ["FDS"], "provenance": ["person"]},
        columns=("office=承办", "domain="),
    )
    assert labels(found, "office") == {"过期牛奶": "O03", "健身卡": "O13"}
    assert found.data.targets == ("office",)


def test_an_unknown_word_of_provenance_is_refused_where_it_stands(merged):
    with pytest.raises(ProvenanceUnknown, match=r"row 2: has provenance '大概'; known: person imported model"):
        merged({"text": ["甲", "乙"], "domain": ["FDS", "PRE"], "provenance": ["person", "大概"]})


def test_the_gate_report_tells_whose_the_labels_are(merged, normalise):
    found = merged(
        {"text": ["过期牛奶一箱", "健身卡退款", "过期面包发霉"], "domain": ["PRC", "PRE", "FDS"]},
        {"text": ["过期牛奶一箱"], "domain": ["FDS"], "provenance": ["person"]},
    )
    report = examine(found.data, Recipe(min_class_rows=1), normalise, found.report).report
    assert report.to_dict()["labels"] == {
        "provenance": {"person": 1, "imported": 2},
        "merged_rows": 1,
        "overruled_labels": {"domain": 1},
        "disputed_complaints": {"domain": 0},
    }
    assert "人工 person 1 · 导入 imported 2" in report.to_text()
    assert "被人工改判" in report.to_text()
