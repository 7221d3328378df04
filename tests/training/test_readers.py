"""Files as offices have them, read and streamed."""

import gzip
import json
from datetime import UTC, date, datetime

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.errors import (
    EncodingUnknown,
    FileEmpty,
    FileUnreadable,
    FormatUnknown,
    HeaderMissing,
    RowBroken,
    TextColumnMissing,
)
from training.tables.columns import Role, map_columns
from training.tables.dataset import complaints_of
from training.tables.delimited import BLOCK
from training.tables.readers import open_table, stream_rows

SAID = "店家拒绝退还押金，请核实处理"


def cells(path, **options):
    frame = pd.concat(list(stream_rows(path, **options)))
    return [tuple(None if pd.isna(cell) else cell for cell in row) for row in frame.to_numpy(dtype=object)]


def written(path, text, encoding="utf-8"):
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def workbook(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize(
    ("name", "separator"), [("a.csv", ","), ("a.tsv", "\t"), ("a.csv.gz", ","), ("A.TSV.GZ", "\t")]
)
def test_delimited_text_is_read_in_each_encoding(tmp_path, encoding, name, separator):
    path = written(tmp_path / name.replace("GZ", "gz"), f"工单编号{separator}内容\n007{separator}{SAID}𠮷\n", encoding)
    assert cells(path) == [("007", SAID + "𠮷")]


def test_nothing_is_stripped_or_taken_for_a_number_or_for_missing(tmp_path):
    path = written(tmp_path / "a.csv", 'id,text,empty\n0010,"  NA, ""null""\r\n1.50 ",\nNone,nan,""\n')
    assert cells(path) == [("0010", '  NA, "null"\r\n1.50 ', ""), ("None", "nan", "")]


def test_columns_keep_their_order_and_equal_headers_their_cells(tmp_path):
    path = written(tmp_path / "a.csv", "备注,text,备注,\n一,二,三,四\n")
    (frame,) = stream_rows(path)
    assert list(frame.columns) == ["备注", "text", "备注", ""]
    assert cells(path) == [("一", "二", "三", "四")]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path):
    path = written(tmp_path / "a.csv", 'text,k\n"两\n行",1\n\n三,2\n')
    (frame,) = stream_rows(path)
    assert list(frame.index) == [2, 4]
    assert frame.index.name == "row"


def test_chunks_cover_the_file_in_order(tmp_path):
    path = written(tmp_path / "a.csv", "text\n" + "".join(f"第{n}件\n" for n in range(25)))
    frames = list(stream_rows(path, chunk_rows=10))
    assert [len(frame) for frame in frames] == [10, 10, 5]
    assert [cell for frame in frames for cell in frame["text"]] == [f"第{n}件" for n in range(25)]


def test_cells_that_a_spreadsheet_left_out_at_the_end_of_a_row_are_missing(tmp_path):
    assert cells(written(tmp_path / "a.csv", "text,a,b\n甲\n乙,1,2,,\n")) == [("甲", None, None), ("乙", "1", "2")]


def test_a_cell_beyond_the_headers_is_refused_with_its_row(tmp_path):
    path = written(tmp_path / "a.csv", "text,a\n甲,1\n乙,丙,2\n")
    with pytest.raises(RowBroken, match=r"a\.csv, row 3: has 3 cells under 2 headers; put a cell") as caught:
        list(stream_rows(path))
    assert caught.value.row == 3


@pytest.mark.parametrize("body", ['甲,1\n"乙,2\n丙,3\n', '甲,1\n"乙"丙,2\n', '甲,1\n"' + "乙" * 140_000 + '"\n'])
def test_quotes_that_do_not_match_are_refused_with_the_row_they_open_in(tmp_path, body):
    with pytest.raises(RowBroken, match="row 3: quotes do not match"):
        list(stream_rows(written(tmp_path / "a.csv", "text,a\n" + body)))


def test_a_quote_inside_a_cell_stays(tmp_path):
    assert cells(written(tmp_path / "a.csv", 'text\n叫"好邻居"的店\n')) == [('叫"好邻居"的店',)]


def test_a_wrong_byte_in_utf8_is_refused_and_not_read_as_gb18030(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(f'text,n\n"{SAID}\n第二行",1\n'.encode() + b"\xff\xfe,2\n")
    with pytest.raises(EncodingUnknown, match="row 3: is not valid UTF-8 here; save the file as"):
        stream_rows(path)


def test_a_wrong_byte_in_gb18030_is_refused_with_its_row(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(f"text\n{SAID}\n".encode("gb18030") + b"\xff\xff\n")
    with pytest.raises(EncodingUnknown, match="row 3: is not valid GB18030"):
        stream_rows(path)


def test_utf16_is_refused_by_name(tmp_path):
    with pytest.raises(EncodingUnknown, match="UTF-16"):
        stream_rows(written(tmp_path / "a.csv", "text\n甲\n", "utf-16"))


def test_a_character_across_two_blocks_is_no_wrong_byte(tmp_path):
    path = written(tmp_path / "a.csv", "text\n" + "甲" * 40 + "\n" + "a" * 100_000 + "\n" + ("乙" * 99_999 + "\n") * 4)
    assert path.stat().st_size > BLOCK
    assert len(cells(path)) == 6


def test_a_workbook_comes_as_a_person_sees_it(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx",
        [
            ["内容", "编号", "日期", "时间", "数", "是否"],
            [" 甲_x000D_\n乙", "007", date(2026, 1, 31), datetime(2026, 1, 31, 8, 5), 13800138000, True],  # noqa: DTZ001
            [],
            ["丙", None, None, None, 2.5],
        ],
    )
    book = openpyxl.load_workbook(path)
    book.active["B4"] = 42
    book.active["B4"].number_format = "00000"
    book.active["A900"].number_format = "0"
    book.save(path)
    assert cells(path) == [
        (" 甲\r\n乙", "007", "2026-01-31", "2026-01-31 08:05:00", "13800138000", "TRUE"),
        ("丙", "00042", None, None, "2.5", None),
    ]
    (frame,) = stream_rows(path)
    assert list(frame.index) == [2, 4]


def test_jsonl_keeps_numbers_as_written_and_tells_empty_from_missing(tmp_path):
    lines = [
        '{"text": "甲", "n": 0.10, "id": 12345678901234567890123, "b": true}',
        "",
        '{"text": "", "o": {"x": ["丁"]}, "n": null}',
    ]
    path = written(tmp_path / "a.jsonl", "\n".join(lines))
    (frame,) = stream_rows(path)
    assert list(frame.columns) == ["text", "n", "id", "b", "o"]
    assert list(frame.index) == [1, 3]
    assert cells(path) == [
        ("甲", "0.10", "12345678901234567890123", "true", None),
        ("", None, None, None, '{"x": ["丁"]}'),
    ]


def test_half_a_surrogate_pair_becomes_a_replacement_character(tmp_path):
    assert cells(written(tmp_path / "a.jsonl", '{"text": "\\ud83d甲"}\n')) == [("\ufffd甲",)]


@pytest.mark.parametrize(("line", "reason"), [("{甲", "Expecting property name"), ('["甲"]', "list")])
def test_a_line_that_is_no_json_object_is_refused_with_its_number(tmp_path, line, reason):
    with pytest.raises(RowBroken, match=f"row 2: is not one JSON object .{reason}"):
        stream_rows(written(tmp_path / "a.jsonl", f'{{"text": "甲"}}\n{line}\n'))


def test_parquet_keeps_its_types_and_is_read_by_row_group(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table({"text": ["甲", "乙", None], "n": pa.array([1, None, 2**60 + 1]), "l": pa.array([[1], None, []])})
    pq.write_table(table, path, row_group_size=2)
    frames = list(stream_rows(path))
    again = pa.concat_tables(pa.Table.from_pandas(frame, preserve_index=False) for frame in frames)
    assert again.to_pydict() == table.to_pydict()
    assert [number for frame in frames for number in frame.index] == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "text,a\n", "\n\n"])
def test_a_file_without_rows_is_refused(tmp_path, text):
    with pytest.raises(FileEmpty, match="first row should hold the headers"):
        list(stream_rows(written(tmp_path / "a.csv", text)))


def test_an_empty_workbook_and_an_empty_jsonl_are_refused(tmp_path):
    with pytest.raises(FileEmpty):
        stream_rows(workbook(tmp_path / "a.xlsx", []))
    with pytest.raises(FileEmpty):
        stream_rows(written(tmp_path / "a.jsonl", "\n"))


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet", "a.csv.gz"])
def test_a_file_that_is_not_what_its_name_says_is_unreadable(tmp_path, name):
    (tmp_path / name).write_bytes(b"text\nnot this format\n")
    with pytest.raises(FileUnreadable, match="that the suffix is right"):
        stream_rows(tmp_path / name)


def test_a_gzip_that_was_cut_short_is_unreadable(tmp_path):
    path = written(tmp_path / "a.csv.gz", "text\n" + SAID * 100)
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(FileUnreadable, match="copy is complete"):
        stream_rows(path)


def test_a_missing_file_and_a_folder_are_unreadable(tmp_path):
    for name in ("none.csv", "none.xlsx", "none.parquet", "none.jsonl"):
        with pytest.raises(FileUnreadable, match="No such file"):
            open_table(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FileUnreadable):
        open_table(tmp_path / "folder.csv")


def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(FormatUnknown, match=r"\.csv .*\.parquet.*Save an old \.xls as \.xlsx"):
        open_table(tmp_path / "a.xls")


def test_columns_are_checked_before_the_first_row(tmp_path):
    path = written(tmp_path / "a.csv", "text\n甲\n")
    with pytest.raises(HeaderMissing):
        stream_rows(path, {Role.OFFICE: "unit"})
    with pytest.raises(TextColumnMissing, match="check the separator"):
        stream_rows(written(tmp_path / "b.csv", "a;b\n1;2\n"))


def test_frames_turn_into_complaints(tmp_path):
    path = written(tmp_path / "a.csv", "编号,内容,商户名称,受理时间\n7,甲,某店,2026-01-31 08:00\n8,,,someday\n")
    table = open_table(path)
    columns = map_columns(path, table.headers, {})
    first, second = (each for frame in table.frames() for each in complaints_of(frame, columns))
    assert (first.ticket_id, first.text, first.merchant) == ("7", "甲", "某店")
    assert first.received_at == datetime(2026, 1, 31, 0, 0, tzinfo=UTC)
    assert (second.text, second.received_at) == ("", None)


def test_what_is_written_back_as_json_is_what_was_read(tmp_path):
    rows = [{"text": 'a,"b"\n', "n": ""}, {"text": "\u2028\x00 ", "n": "0"}]
    path = written(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (frame,) = stream_rows(path)
    assert frame.to_dict("records") == rows
