"""The data gate."""

import json

import numpy as np
import pytest

from training.errors import GateRefused, LabelColumnMissing
from training.gate.errors import ClassesTooFew, TextMissing
from training.gate.examine import examine, inspect, trainable
from training.gate.split import Split
from training.recipe import Recipe
from training.tables.dataset import read_labelled

LONG = "市民来电反映在某小区门口的理发店办理了会员充值卡近日发现该店已经关门要求退还卡内剩余金额"


def plain(text):
    return text.strip().lower()


@pytest.fixture
def read(tmp_path):
    def make(text, name="投诉.csv", **options):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_labelled([tmp_path / name], **options)

    return make


@pytest.fixture
def mixed(read):
    """A dozen rows with one of each thing that the gate looks for."""
    return read(
        "内容,领域,承办单位,date\n"
        "甲店不退押金,预付,一科,2026-01-01\n"  # row 2
        "甲店不退押金,预付,一科,2026-01-01\n"  # 3: equal to 2
        "  甲店不退押金 ,价格,一科,2026-01-02\n"  # 4: equal once normalised, another domain
        f"{LONG},预付,二科,2026-01-02\n"  # 5
        f"{LONG}。,预付,二科,2026-01-03\n"  # 6: like 5
        "  ,价格,一科,2026-01-03\n"  # 7: empty
        "乙店涨价,价格,二科,某天\n"  # 8: no readable time
        "丙店涨价,价格,,2026-01-04\n"  # 9: no office
        "丁店电梯坏了,特种设备,二科,2026-01-04\n"  # 10: a class of one row
        f"{'长' * 20_001},预付,一科,2026-01-05\n"  # 11
    )


def test_each_finding_is_counted_and_placed(mixed):
    report = examine(mixed, Recipe(), plain).report
    domain, office = report.heads

    def rows(found):
        return found.count, [at.row for at in found.first]

    assert report.rows == 10
    assert rows(report.empty) == (1, [7])
    assert rows(report.too_long) == (1, [11])
    assert rows(report.undated) == (1, [8])
    assert (report.exact_groups, report.exact_rows) == (1, 3)
    assert (report.near_groups, report.near_rows) == (1, 2)
    assert dict(report.lengths)["max"] == 20_001
    assert [(each.label, each.rows) for each in domain.classes] == [("预付", 5), ("价格", 3), ("特种设备", 1)]
    assert [each.label for each in domain.thin] == ["特种设备"]
    assert rows(domain.thin_rows) == (1, [10])
    assert (domain.conflicting_texts, rows(domain.conflicts)) == (1, (3, [2, 3, 4]))
    assert (office.conflicting_texts, rows(office.conflicts)) == (0, (0, []))
    assert rows(office.unlabelled) == (1, [9])
    assert (domain.labelled, office.labelled) == (9, 8)
    assert domain.trains
    assert (report.exact_overlap, report.near_overlap) == (0, 0)
    assert dict(report.files[0].headers) == {
        "text": "内容",
        "received_at": "date",
        "domain": "领域",
        "office": "承办单位",
    }


def test_the_table_says_what_becomes_of_thin_classes_and_which_header_was_used(mixed):
    text = examine(mixed, Recipe(), plain).report.to_text()
    assert "text←内容" in text
    assert "特种设备 1" in text
    assert "rows stay out of this head's training" in text
    assert "投诉.csv 10" in text


def test_neither_form_holds_text_and_both_hold_the_counts(mixed):
    report = examine(mixed, Recipe(), plain).report
    for form in (report.to_text(), json.dumps(report.to_dict(), ensure_ascii=False)):
        for said in ("押金", "理发店", "涨价", "电梯"):
            assert said not in form
    assert report.to_dict()["heads"]["domain"]["thin_classes"] == [{"label": "特种设备", "rows": 1}]
    assert report.to_dict()["empty"] == {"count": 1, "first": [{"file": "投诉.csv", "row": 7}]}


def test_text_given_as_labels_is_not_printed(read):
    said = "在某店办了卡" * 10
    data = read(f"text,domain\n甲,{said}\n乙,{said}\n丙,电话13800138000\n丁,电话13800138000\n")
    report = examine(data, Recipe(), plain).report
    for form in (report.to_text(), str(report.to_dict())):
        assert said not in form
        assert "13800138000" not in form


def test_overlap_is_counted_where_a_split_has_it(read):
    data = read("text,domain\n甲,一\n甲,一\n乙,二\n丙,二\n")
    parts = Split(np.array([0, 2]), np.array([1, 3]), np.array([], dtype=int), "grouped and stratified", "by hand")
    report = inspect(data, Recipe(), data.texts, np.array([0, 0, 1, 1]), parts)
    assert (report.exact_overlap, report.near_overlap) == (1, 2)


def test_thin_classes_stay_out_of_one_head_only(mixed):
    texts = np.array([plain(text) for text in mixed.texts], dtype=object)
    row_of_thin_domain = 8
    assert not trainable(mixed, "domain", texts, Recipe())[row_of_thin_domain]
    assert trainable(mixed, "office", texts, Recipe())[row_of_thin_domain]
    assert trainable(mixed, "domain", texts, Recipe(min_class_rows=1))[row_of_thin_domain]


def test_a_head_with_one_class_is_left_out_where_the_other_can_learn(read):
    data = read("text,domain,office\n甲,一,二\n乙,一,二\n丙,一,三\n丁,一,三\n")
    report = examine(data, Recipe(), plain).report
    assert [head.trains for head in report.heads] == [False, True]
    assert "head left out" in report.to_text()


def test_a_column_of_the_recipe_keeps_its_rows_together(read):
    lines = "".join(f"文{number},类{number % 2},b{number // 5}\n" for number in range(60))
    data = read("text,domain,batch\n" + lines)
    batches = data.extra["batch"]

    def shared(recipe):
        parts = examine(data, recipe, plain).split
        return set(batches[parts.train]) & set(batches[parts.test])

    assert not shared(Recipe(group_by="batch"))
    assert shared(Recipe())


def test_one_class_is_refused_with_file_row_and_remedy(read):
    data = read("text,domain\n,二\n甲,一\n乙,一\n丙,二\n")
    with pytest.raises(ClassesTooFew, match=r"domain: 1/2 .*投诉\.csv.*from row 3.*Add complaints of other classes"):
        examine(data, Recipe(), plain)


def test_a_label_column_without_labels_is_refused(read):
    with pytest.raises(ClassesTooFew, match=r"domain: 0/0 .*no labels"):
        examine(read("text,domain\n甲,\n乙,\n"), Recipe(), plain)


def test_no_text_at_all_is_refused_with_the_header(read):
    with pytest.raises(TextMissing, match=r"投诉\.csv, from row 2: column '内容' is empty in all 2 rows"):
        examine(read("内容,domain\n,一\n<br>,二\n"), Recipe(), lambda text: text.replace("<br>", ""))


def test_no_label_column_is_refused_at_the_gate_too(read):
    with pytest.raises(LabelColumnMissing) as caught:
        examine(read("text,l1\n甲,一\n", need_labels=False), Recipe(), plain)
    assert isinstance(caught.value, GateRefused)
    assert str(caught.value).startswith("没有标签列")
