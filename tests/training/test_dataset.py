"""Labelled complaints by column."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.complaint import Complaint
from training import errors
from training.errors import (
    DataRefused,
    HeaderAmbiguous,
    HeaderMissing,
    LabelColumnMissing,
    RoleUnknown,
    TypesMixed,
    TypeUnsuitable,
    shown,
)
from training.recipe import Recipe
from training.tables.columns import HEADERS, Role, map_columns, parse_mapping
from training.tables.dataset import Location, read_labelled
from training.tables.moments import parse_moment
from training.written.starter import starter_files


@pytest.fixture
def csv(tmp_path):
    def write(text, name="a.csv"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


@pytest.fixture
def parquet(tmp_path):
    def write(name, **columns):
        pq.write_table(pa.table(columns), tmp_path / name)
        return tmp_path / name

    return write


def test_a_row_becomes_a_complaint_with_its_labels(csv):
    path = csv(
        "ticket_id,title,text,merchant,address,source,received_at,domain,office,kind\n"
        "007,标题, 正文 ,某店,某路1号,热线,2026-03-01T08:00:00Z, 预付 ,消保科,投诉|咨询\n"
    )
    data = read_labelled([path])
    assert data.complaint(0) == Complaint(
        " 正文 ", "标题", "某店", "某路1号", "热线", "007", datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    )
    assert (data.labels("domain")[0], data.labels("office")[0]) == ("预付", "消保科")
    assert data.extra["kind"][0] == "投诉|咨询"
    assert data.location(0) == Location(path, 2)


def test_chinese_headers_are_known_and_kept_for_the_report(csv):
    data = read_labelled([csv("问题描述,内容,被投诉单位,责任部门\n甲,乙,丙,丁\n")])
    assert data.texts[0] == "甲"
    assert data.files[0].header(Role.TEXT) == "问题描述"
    assert data.extra["内容"][0] == "乙"
    assert data.targets == ("office",)


def test_a_mapping_wins_over_a_header_of_the_role_s_own_name(csv):
    data = read_labelled([csv("text,office,office_group\n甲,一,二\n")], {Role.OFFICE: "office_group"})
    assert data.labels("office")[0] == "二"
    assert data.extra["office"][0] == "一"


def test_a_role_mapped_to_nothing_stays_unused(csv):
    data = read_labelled([csv("text,date,domain\n甲,2026-01-01,一\n")], parse_mapping(["received_at="]))
    assert np.isnat(data.received).all()
    assert data.extra["date"][0] == "2026-01-01"


@pytest.mark.parametrize("option", ["l1", "kind=l1", "=l1"])
def test_a_mapping_to_an_unknown_role_lists_the_roles(option):
    with pytest.raises(RoleUnknown, match="known: text title merchant"):
        parse_mapping([option])


def test_a_mapped_header_that_is_not_there_is_refused_with_the_headers(csv):
    with pytest.raises(
        HeaderMissing, match=r"a\.csv: has no column 'ofice' for office. did you mean 'office2'\?"
    ) as caught:
        read_labelled([csv("text,office2\n甲,一\n")], {Role.OFFICE: "ofice"})
    assert "现有列：text、office2" in str(caught.value)
    assert "--column office=" in str(caught.value)


def test_a_header_that_two_columns_have_is_refused(csv):
    with pytest.raises(HeaderAmbiguous, match="columns 2, 3 are all called"):
        read_labelled([csv("text,office,office\n甲,一,二\n")])


def test_no_label_column_is_refused_unless_none_is_needed(csv):
    path = csv("text,l1\n甲,一\n")
    with pytest.raises(LabelColumnMissing, match="--column domain=<header>"):
        read_labelled([path])
    assert read_labelled([path], need_labels=False).targets == ()


def test_headers_that_look_like_cells_are_not_repeated(csv):
    said = "我在某店办了卡现在店门关了老板电话也打不通希望帮忙"
    with pytest.raises(DataRefused) as caught:
        read_labelled([csv(f"{said},13800138000\n甲,一\n")])
    assert said not in str(caught.value)
    assert "13800138000" not in str(caught.value)


def test_files_are_read_one_after_the_other_and_lend_each_other_columns(csv):
    one = csv("text,domain\n甲,一\n乙,\n", "1.csv")
    two = csv("投诉内容,office,batch\n丙,二,b1\n", "2.csv")
    data = read_labelled([one, two])
    assert list(data.texts) == ["甲", "乙", "丙"]
    assert list(data.labels("domain")) == ["一", "", ""]
    assert list(data.labels("office")) == ["", "", "二"]
    assert list(data.extra["batch"]) == ["", "", "b1"]
    assert data.location(2) == Location(two, 2)


def test_selected_rows_keep_their_place_and_their_values(csv):
    data = read_labelled([csv("text,domain,date\n甲,一,2026-01-01\n乙,二,\n丙,三,2026-01-03\n")])
    some = data.select([2, 0])
    assert list(some.texts) == ["丙", "甲"]
    assert [some.location(index).row for index in range(2)] == [4, 2]
    assert some.complaint(0) == data.complaint(2)
    assert list(data.select(data.texts == "乙").labels("domain")) == ["二"]


def test_the_arrays_cannot_be_written(csv):
    data = read_labelled([csv("text,domain\n甲,一\n")])
    with pytest.raises(ValueError, match="read-only"):
        data.texts[0] = "乙"


def test_the_digest_is_of_content_and_not_of_order_files_or_headers(csv):
    base = read_labelled([csv("text,domain,note\n甲,一,x\n乙,二,y\n")])
    parts = [csv("内容,l1,office\n乙,二,\n", "1.csv"), csv("内容,l1\n甲,一\n", "2.csv")]
    assert read_labelled(parts, {Role.DOMAIN: "l1"}).digest == base.digest


@pytest.mark.parametrize(
    "changed", ["text,domain\n甲,一\n乙,一\n", "text,domain\n甲,一\n乙,二\n乙,二\n", "text,office\n甲,一\n乙,二\n"]
)
def test_the_digest_changes_with_a_label_a_repetition_or_a_role(csv, changed):
    base = read_labelled([csv("text,domain\n甲,一\n乙,二\n")])
    assert read_labelled([csv(changed, "b.csv")]).digest != base.digest


def test_typed_columns_play_their_roles(parquet):
    moment = datetime(2026, 1, 31, 8, 0, 1, tzinfo=UTC)
    path = parquet(
        "a.parquet",
        text=pa.array(["甲", None]).dictionary_encode(),
        ticket_id=pa.array([7, None]),
        received_at=pa.array([moment, None], pa.timestamp("us", "Asia/Shanghai")),
        domain=pa.array([1.0, None]),
        tags=pa.array([["x"], None]),
    )
    data = read_labelled([path])
    assert data.complaint(0) == Complaint("甲", ticket_id="7", received_at=moment)
    assert list(data.labels("domain")) == ["1", ""]
    assert data.complaint(1) == Complaint("")
    assert list(data.extra["tags"]) == ["['x']", ""]


@pytest.mark.parametrize(
    ("role", "column"), [("text", [1, 2]), ("domain", [["x"], ["y"]]), ("domain", [0.5, 1.0]), ("received_at", [1, 2])]
)
def test_a_column_of_another_type_is_refused_with_its_header(parquet, role, column):
    path = parquet("a.parquet", **{"text": ["甲", "乙"], "office": ["一", "二"], role: column})
    with pytest.raises(TypeUnsuitable, match=f"column '{role}' .as {role}. has type .* expected"):
        read_labelled([path])


def test_numbers_in_one_file_and_names_in_another_are_refused(parquet):
    one, two = parquet("1.parquet", text=["甲"], domain=["一"]), parquet("2.parquet", text=["甲"], domain=[1])
    with pytest.raises(TypesMixed, match="domain is number here and text in"):
        read_labelled([one, two])


CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=CHINA)),
        ("2026/1/3 8:05", datetime(2026, 1, 3, 8, 5, tzinfo=CHINA)),
        ("2026年1月3日 8时5分", datetime(2026, 1, 3, 8, 5, tzinfo=CHINA)),
        ("20260103", datetime(2026, 1, 3, tzinfo=CHINA)),
        ("2026-01-03T08:05:09.250Z", datetime(2026, 1, 3, 8, 5, 9, tzinfo=UTC)),
        (" 2026-01-03 08:05:09+09:30", datetime(2026, 1, 3, 8, 5, 9, tzinfo=timezone(timedelta(hours=9.5)))),
        ("01/02/2026", None),
        ("2026-02-30", None),
        ("2026-01-01 00:00+99:00", None),
        ("13800138000", None),
        ("2026-013", None),
        ("", None),
    ],
)
def test_a_moment_is_read_in_year_month_day_order_only(text, moment):
    assert parse_moment(text) == moment


def test_no_header_is_known_for_two_roles():
    names = [name for known in HEADERS.values() for name in known]
    assert len(names) == len(set(names))
    for role, known in HEADERS.items():
        assert known[0] == role


def test_headers_are_found_regardless_of_case_and_blanks(tmp_path):
    columns = map_columns(tmp_path, [" Text ", "DOMAIN"], {})
    assert columns.positions == {Role.TEXT: 0, Role.DOMAIN: 1}


def test_the_drawn_tree_names_each_error_class():
    classes = [name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)]
    drawn = (errors.__doc__ or "").split()
    assert [name for name in classes if name not in drawn] == []


def test_a_long_or_numbered_name_is_not_shown():
    assert shown("12345热线") == "12345热线"
    assert shown("电话13800138000") == "电话***********"
    assert shown("字" * 41) == "<41字 characters>"


def test_starter_files_are_sorted_and_a_missing_set_is_named(tmp_path):
    with pytest.raises(errors.StarterMissing, match="install it again"):
        starter_files(tmp_path)
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).touch()
    assert starter_files(tmp_path) == (tmp_path / "a.csv", tmp_path / "b.csv")


def test_a_recipe_gives_its_settings_and_refuses_senseless_ones():
    assert Recipe(seed=3).to_params()["seed"] == 3
    for wrong in ({"test_fraction": 1.0}, {"folds": 1}, {"min_class_rows": 0}, {"near_duplicate_threshold": 0.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Recipe(**wrong)


def test_repeated_labels_share_one_string(csv):
    data = read_labelled([csv("text,domain\n" + "甲,某个领域\n乙,另一个领域\n" * 50)])
    assert len({id(label) for label in data.labels("domain")}) == 2
    assert isinstance(data.files[0].path, Path)
    assert isinstance(data.texts[0], str)
    assert not pd.isna(data.texts).any()
