"""Files of complaints, scored in bulk by a tiny real model."""

import csv
import gzip
import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.complaint import MAX_TEXT_LENGTH, Complaint
from models.bundle import manifest_digest, write_bundle
from models.charter.demo import demo_charter
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion
from models.decision import Coverage, Sets
from models.prediction import Decision, ModelVersion, PredictionSet
from models.triage import TriageModel
from training.bulk.answers import ANSWER_COLUMNS, set_cell
from training.bulk.output import CellTooLong, SheetFull, TargetIsSource, TargetUnwritable
from training.bulk.report import MAX_LISTED, BadRow, RowFault
from training.bulk.score import score_file
from training.errors import EncodingUnknown, FileEmpty, FileUnreadable, FormatUnknown, HeaderMissing, RowBroken
from training.tables.columns import Role
from training.tables.dataset import Location
from training.tables.readers import open_table

FOOD = "东亭街道的超市卖过期牛奶，要求退款查处"
CARD = "柳坞镇的健身房关门，会员卡余额不退"
RESOLVER = Resolver(demo_charter(), CharterVersion("demo", "demo"))
CHAT = "今天天气真好，我们一起去公园放风筝吧"


def silent(done, of):
    pass


def score(source, target, model, columns=None, progress=silent, **options):
    return score_file(source, target, model, RESOLVER, columns or {}, progress, **options)


def written(path, text, encoding="utf-8"):
    data = text.encode(encoding) if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def workbook(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def csv_rows(path, delimiter=","):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def answers(triage, scores, said):
    """What a row should gain, as text."""
    triage, resolution = RESOLVER.resolve(triage, scores, said, datetime.now(UTC))
    found = []
    for head in (triage.domain, triage.office):
        found += [
            head.code or "",
            round(head.confidence, 6),
            head.decision.value,
            "" if head.set is None else set_cell(head.set),
        ]
    found += [";".join(resolution.kinds), resolution.route.state, resolution.urgency.level, ";".join(triage.doubts)]
    return dict(zip(ANSWER_COLUMNS, found, strict=True))


@pytest.fixture
def complaints_csv(tmp_path, tiny_complaints):
    """Learnt and new complaints with merchant and address, chit-chat, half sentences."""
    path = tmp_path / "in.csv"
    said = [text for text, *_ in tiny_complaints] + [FOOD, CARD, CHAT, "你好", "卡不退", "收费，过期，余额，高新园"]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["编号", "标题", "内容", "商户名称", "地址"])
        for number, text in enumerate(said):
            rows.writerow([f"{number:05}", text[:6], text, "好邻居超市" if number % 2 else "", "东亭街道1号"])
    return path


def test_every_row_gets_the_answer_that_the_model_gives_to_it_alone(tmp_path, complaints_csv, tiny_model):
    report = score(complaints_csv, tmp_path / "out.jsonl", tiny_model, chunk_rows=7)
    given = csv_rows(complaints_csv)
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(found) == len(given) == report.rows == report.scored
    for row, out in zip(given, found, strict=True):
        said = Complaint(text=row["内容"], title=row["标题"], merchant=row["商户名称"], address=row["地址"])
        expected = answers(*tiny_model.triage_and_scores(said, with_evidence=False), said)
        assert {name: "" if out[name] is None else out[name] for name in ANSWER_COLUMNS} == expected
        assert {name: out[name] for name in row} == row
    assert {decision for decision, count in report.decisions["domain"].items() if count} > {Decision.ABSTAIN}
    assert all(sum(counts.values()) == report.scored for counts in report.decisions.values())


@pytest.mark.parametrize("chunk_rows", [1, 3, 1000])
def test_the_size_of_chunks_changes_nothing(tmp_path, complaints_csv, tiny_model, chunk_rows):
    score(complaints_csv, tmp_path / "whole.csv", tiny_model)
    score(complaints_csv, tmp_path / "parts.csv", tiny_model, chunk_rows=chunk_rows)
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.parametrize("source", ["a.csv", "a.tsv.gz", "a.jsonl", "a.xlsx", "a.parquet"])
@pytest.mark.parametrize("target", ["b.csv", "b.CSV.GZ", "b.tsv", "b.jsonl.gz", "b.xlsx", "b.parquet"])
def test_each_format_can_be_scored_into_each(tmp_path, tiny_model, source, target):
    path = tmp_path / source
    rows = [["内容", "备注"], [FOOD, '=1+1, "甲"\n乙'], ["", "#N/A"], [CARD, " _x0041_ "]]
    if source.endswith("xlsx"):
        # "=1+1 …" would be a formula: it goes in as text
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        for number, cell in enumerate(book.active["B"]):
            cell.value = rows[number][1].replace("_x", "_x005F_x")
            cell.data_type = "s"
        book.save(path)
    elif source.endswith("parquet"):
        pq.write_table(pa.table({name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}), path)
    elif source.endswith("jsonl"):
        written(path, "".join(json.dumps(dict(zip(rows[0], row, strict=True))) + "\n" for row in rows[1:]))
    else:
        lines = [
            ("\t" if "tsv" in source else ",").join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows
        ]
        written(path, "\r\n".join(lines))
    report = score(path, tmp_path / target, tiny_model, {Role.TEXT: "内容"})
    assert (report.rows, report.scored, report.bad_counts) == (3, 2, {RowFault.EMPTY_TEXT: 1})
    (frame,) = open_table(tmp_path / target).frames()
    assert list(frame.columns) == ["内容", "备注", *ANSWER_COLUMNS]
    cells = frame.astype(object).where(frame.notna(), "").to_numpy().tolist()
    assert [row[:2] for row in cells] == rows[1:]
    assert [row[2] for row in cells] == ["FDS", "", "PRE"]
    assert [row[6] for row in cells] == ["T01", "", "T04"]
    assert [row[-1] for row in cells] == ["", "EMPTY_TEXT", ""]
    assert float(cells[0][3]) > 0.9


def test_bad_rows_stay_in_place_without_answers_and_are_listed(tmp_path, tiny_model):
    long = "退" * (MAX_TEXT_LENGTH + 1)
    path = written(tmp_path / "a.csv", f"text,n\n{FOOD},1\n \u3000\u200b,2\n\n{long},3\n,4\n{'收费' * 10_000},5\n")
    report = score(path, tmp_path / "b.csv", tiny_model)
    assert report.bad == (
        BadRow(Location(path, 3), RowFault.EMPTY_TEXT),
        BadRow(Location(path, 5), RowFault.TEXT_TOO_LONG),
        BadRow(Location(path, 6), RowFault.EMPTY_TEXT),
    )
    assert (report.rows, report.scored) == (5, 2)
    rows = csv_rows(tmp_path / "b.csv")
    assert [row["n"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[2]["text"] == long
    assert [rows[2][name] for name in ANSWER_COLUMNS] == [""] * 11 + ["TEXT_TOO_LONG"]
    text = report.to_text()
    assert "EMPTY_TEXT 2，行 rows 3, 6" in text
    assert "退" not in text


def test_a_file_of_bad_rows_alone_is_written(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", "text,n\n" + " ,1\n" * (MAX_LISTED + 5))
    report = score(path, tmp_path / "b.parquet", tiny_model)
    assert (report.scored, len(report.bad), report.bad_counts) == (0, MAX_LISTED, {RowFault.EMPTY_TEXT: MAX_LISTED + 5})
    assert pq.read_table(tmp_path / "b.parquet").column("doubts").to_pylist() == ["EMPTY_TEXT"] * (MAX_LISTED + 5)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl"])
def test_a_row_with_bytes_that_are_no_text_is_bad_and_the_others_are_scored(tmp_path, tiny_model, encoding, name):
    lines = [FOOD, "坏@@行", CARD]
    shaped = [json.dumps({"text": line}, ensure_ascii=False) for line in lines] if "json" in name else ["text", *lines]
    path = written(tmp_path / name, "\n".join(shaped).encode(encoding).replace(b"@@", b"\xff\xff"))
    report = score(path, tmp_path / "b.csv", tiny_model)
    assert [(bad.location.path, bad.code) for bad in report.bad] == [(path, RowFault.UNDECODABLE)]
    rows = csv_rows(tmp_path / "b.csv")
    assert [row["domain"] for row in rows] == ["FDS", "", "PRE"]
    assert rows[1]["text"] == "坏\ufffd\ufffd行"
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([name, "b.csv"])


def test_a_file_of_another_encoding_is_refused_as_a_whole(tmp_path, tiny_model):
    for data in (f"text\n{FOOD}\n".encode("utf-16"), b"text\n" + b"\xff\xff\n" * 30):
        with pytest.raises(EncodingUnknown):
            score(written(tmp_path / "a.csv", data), tmp_path / "b.csv", tiny_model)
        assert not (tmp_path / "b.csv").exists()


def test_bytes_that_are_no_text_in_a_parquet_file_are_refused_by_name(tmp_path, tiny_model):
    broken = pa.array([b"\xff\xfe"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": broken}), tmp_path / "a.parquet")
    with pytest.raises(FileUnreadable, match="UTF-8"):
        score(tmp_path / "a.parquet", tmp_path / "b.csv", tiny_model)


def test_columns_of_the_user_that_have_our_names_are_kept_under_another(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", f"domain,text,input_domain,doubts\n真,{FOOD},旧,疑\n")
    report = score(path, tmp_path / "b.csv", tiny_model)
    (row,) = csv_rows(tmp_path / "b.csv")
    assert list(row) == ["input_domain_2", "text", "input_domain", "input_doubts", *ANSWER_COLUMNS]
    assert (row["input_domain_2"], row["input_domain"], row["input_doubts"], row["domain"]) == ("真", "旧", "疑", "FDS")
    assert report.renamed == (("domain", "input_domain_2"), ("doubts", "input_doubts"))
    assert "domain → input_domain_2" in report.to_text()


def test_a_scored_file_can_be_scored_again_and_again(tmp_path, complaints_csv, tiny_model):
    score(complaints_csv, tmp_path / "b.parquet", tiny_model)
    score(tmp_path / "b.parquet", tmp_path / "c.parquet", tiny_model)
    score(tmp_path / "c.parquet", tmp_path / "d.parquet", tiny_model)
    table = pq.read_table(tmp_path / "d.parquet")
    for name in ANSWER_COLUMNS:
        assert table.column(name) == table.column(f"input_{name}") == table.column(f"input_{name}_2")


@pytest.mark.parametrize(
    ("target", "names"), [("b.csv", ["备注", "备注", ""]), ("b.parquet", ["备注", "备注 (column 3)", "(column 4)"])]
)
def test_equal_headers_are_told_apart_where_columns_go_by_name(tmp_path, tiny_model, target, names):
    path = written(tmp_path / "a.csv", f"备注,text,备注,\n一,{FOOD},二,三\n")
    report = score(path, tmp_path / target, tiny_model)
    (frame,) = open_table(tmp_path / target).frames()
    assert [name for name in frame.columns if name not in ("text", *ANSWER_COLUMNS)] == names
    assert frame.iloc[0, [0, 2, 3]].tolist() == ["一", "二", "三"]
    assert len(report.renamed) == (0 if target == "b.csv" else 2)


def test_two_label_columns_do_not_matter(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", f"office,text,office,日期,日期\n一,{FOOD},二,x,y\n")
    score(path, tmp_path / "b.csv", tiny_model)
    with (tmp_path / "b.csv").open(encoding="utf-8-sig", newline="") as file:
        header, row = csv.reader(file)
    assert header == ["input_office", "text", "input_office", "日期", "日期", *ANSWER_COLUMNS]
    assert row[:3] == ["一", FOOD, "二"]


def test_a_head_that_the_model_lacks_has_empty_columns(tmp_path, fit_tiny):
    write_bundle(fit_tiny("office"), tmp_path / "bundle", {})
    model = TriageModel.load(tmp_path / "bundle", ModelVersion("complaint-triage", "2"))
    path = written(tmp_path / "a.csv", f"text\n{FOOD}\n{CHAT}\n")
    report = score(path, tmp_path / "b.csv", model)
    rows = csv_rows(tmp_path / "b.csv")
    assert [[row[name] for name in ANSWER_COLUMNS[:4]] for row in rows] == [["", "", "", ""]] * 2
    assert [row["office"] for row in rows] == ["T01", ""]
    assert list(report.decisions) == ["office"]


def test_a_set_names_the_classes_to_keep_in_mind(tmp_path, fit_tiny):
    fitted, everybody = fit_tiny("domain", "office"), Sets(Coverage("smallest set @ coverage >= 0.95"), 1e-12)
    heads = tuple(replace(head, policy=replace(head.policy, sets=everybody)) for head in fitted.heads)
    model = TriageModel(replace(fitted, heads=heads), ModelVersion("complaint-triage", "1"), {})
    path = written(tmp_path / "a.csv", f"text\n{FOOD}\n{CHAT}\n")
    score(path, tmp_path / "b.csv", model)
    first, second = csv_rows(tmp_path / "b.csv")
    for head in heads:
        best, *others = first[f"{head.target}_set"].split(";")
        assert best == first[head.target]
        assert {best, *others} == set(head.classes)
    assert second["domain_set"] == second["office_set"] == ""


def test_a_set_counts_the_classes_beyond_the_alternatives():
    assert set_cell(PredictionSet(0.95, ("O03", "O02"), 0)) == "O03;O02"
    assert set_cell(PredictionSet(0.95, ("O03", "O02", "O01", "T01"), 3)) == "O03;O02;O01;T01;+3"


def test_a_text_out_of_scope_has_no_code_and_says_why(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", f"text\n{CHAT}\n你好\n")
    score(path, tmp_path / "b.csv", tiny_model)
    first, second = csv_rows(tmp_path / "b.csv")
    nothing = ["", "0", "abstain", ""]
    doubts = tiny_model.triage(Complaint(text=CHAT)).doubts
    assert set(doubts) & {"unfamiliar_text", "not_a_complaint"}
    assert [first[name] for name in ANSWER_COLUMNS] == [*nothing, *nothing, "complaint", "unsure", "P2", *doubts]
    assert second["doubts"] == "too_short"


def test_csv_begins_with_the_mark_that_spreadsheets_look_for(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", f"text\n{FOOD}\n")
    score(path, tmp_path / "b.csv", tiny_model)
    assert (tmp_path / "b.csv").read_bytes().startswith(b"\xef\xbb\xbftext,domain,")


def test_labels_are_defused_and_cells_of_the_user_are_left_alone(tmp_path, tiny_bundle):
    manifest = json.loads((tiny_bundle / "manifest.json").read_text(encoding="utf-8"))
    manifest["heads"][0]["classes"] = ["=cmd()", "PRC", "PRE"]
    manifest["heads"][0]["policy"]["thresholds"]["=cmd()"] = 0.5
    evil = tmp_path / "bundle"
    evil.mkdir()
    for file in tiny_bundle.iterdir():
        (evil / file.name).write_bytes(file.read_bytes())
    manifest["digest"] = manifest_digest(manifest)
    (evil / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    model = TriageModel.load(evil, ModelVersion("complaint-triage", "3"))
    path = written(tmp_path / "a.csv", f"text,n\n{FOOD},=1+1\n")
    score(path, tmp_path / "b.csv", model)
    score(path, tmp_path / "b.xlsx", model)
    (row,) = csv_rows(tmp_path / "b.csv")
    assert (row["n"], row["domain"]) == ("=1+1", "'=cmd()")
    cells = list(openpyxl.load_workbook(tmp_path / "b.xlsx").active)[1]
    assert [(cell.value, cell.data_type) for cell in cells[1:3]] == [("=1+1", "s"), ("=cmd()", "s")]


def test_json_values_keep_their_types(tmp_path, tiny_model):
    objects = [
        {"id": 2**70, "text": FOOD, "ok": True, "more": {"a": [1, None]}, "domain": 7, "half": "\ud83d"},
        {"id": 0.1, "text": CARD},
    ]
    path = written(tmp_path / "a.jsonl", "\n\n".join(json.dumps(each) for each in objects))
    score(path, tmp_path / "b.jsonl", tiny_model)
    first, second = (json.loads(line) for line in (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines())
    expected = dict(objects[0])
    expected["input_domain"] = expected.pop("domain")
    assert {name: value for name, value in first.items() if name not in ANSWER_COLUMNS} == expected
    assert list(second) == ["id", "text", *ANSWER_COLUMNS]
    assert (second["id"], second["domain"]) == (0.1, "PRE")


def test_workbook_cells_keep_their_types_and_number_formats(tmp_path, tiny_model):
    path = workbook(
        tmp_path / "a.xlsx",
        [[], ["内容", "金额", "日期", "编号", "是否"], [FOOD, 12.5, date(2026, 1, 31), 7, True], [], [CARD]],
    )
    book = openpyxl.load_workbook(path)
    book.active["D3"].number_format = "00000"
    book.save(path)
    report = score(path, tmp_path / "b.xlsx", tiny_model)
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    rows = [[cell.value for cell in row] for row in sheet]
    assert rows[0] == ["内容", "金额", "日期", "编号", "是否", *ANSWER_COLUMNS]
    assert rows[1][:6] == [FOOD, 12.5, datetime(2026, 1, 31), 7, True, "FDS"]  # noqa: DTZ001 - a sheet has no zones
    assert rows[2][:6] == [CARD, None, None, None, None, "PRE"]
    assert (sheet["D2"].number_format, sheet["C2"].is_date) == ("00000", True)
    assert isinstance(rows[1][6], float)
    assert report.rows == 2


def test_typed_columns_stay_typed_from_parquet_and_are_spelled_out_elsewhere(tmp_path, tiny_model):
    table = pa.table(
        {
            "text": [FOOD, CARD],
            "n": pa.array([1, None], pa.int32()),
            "f": [0.5, float("nan")],
            "at": pa.array([datetime(2026, 1, 31, 8, tzinfo=UTC), None], pa.timestamp("ms", "UTC")),
            "tags": [["甲"], []],
            "sum": pa.array([Decimal("1.50"), None]),
            "raw": [b"\x01", None],
            "sort": pa.array(["投诉", "投诉"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    for suffix in ("parquet", "csv", "jsonl", "xlsx"):
        score(tmp_path / "a.parquet", tmp_path / f"b.{suffix}", tiny_model)
    kept = pq.read_table(tmp_path / "b.parquet")
    assert kept.select(range(8)).schema.types == table.schema.types
    assert kept.drop_columns(["f", *ANSWER_COLUMNS]) == table.drop_columns(["f"])
    row = csv_rows(tmp_path / "b.csv")[0]
    assert (row["n"], row["f"], row["tags"], row["sum"], row["sort"]) == ("1", "0.5", "['甲']", "1.50", "投诉")
    assert row["at"].startswith("2026-01-31 08:00")
    first, second = map(json.loads, (tmp_path / "b.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["n"], first["at"], first["tags"], second["f"]) == (1, "2026-01-31T08:00:00+00:00", ["甲"], None)
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    assert [cell.value for cell in sheet[2]][1:5] == [1, 0.5, "2026-01-31T08:00:00+00:00", "['甲']"]


def test_characters_that_xml_cannot_hold_survive_a_workbook(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", f'text,n\n{FOOD},"a\x07\r\nb_x0007_"\n')
    score(path, tmp_path / "b.xlsx", tiny_model)
    (frame,) = open_table(tmp_path / "b.xlsx").frames()
    assert frame["n"].tolist() == ["a\x07\r\nb_x0007_"]


def test_a_cell_that_a_workbook_would_cut_is_refused(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", f"text,n\n{FOOD},1\n{CARD},{'长' * 32_768}\n")
    with pytest.raises(CellTooLong, match="row 3 of the input") as caught:
        score(path, tmp_path / "b.xlsx", tiny_model)
    assert caught.value.row == 3
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


def test_more_rows_than_a_worksheet_has_are_refused(tmp_path, tiny_model, monkeypatch):
    monkeypatch.setattr("training.bulk.writers.SHEET_ROWS", 2)
    path = written(tmp_path / "a.csv", f"text\n{FOOD}\n{CARD}\n")
    with pytest.raises(SheetFull, match=r"\.parquet"):
        score(path, tmp_path / "b.xlsx", tiny_model)


def test_the_input_is_never_overwritten(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", f"text\n{FOOD}\n")
    (tmp_path / "link.csv").symlink_to(path)
    for target in (path, tmp_path / "link.csv"):
        with pytest.raises(TargetIsSource, match="name another file"):
            score(path, target, tiny_model)
    assert path.read_text(encoding="utf-8") == f"text\n{FOOD}\n"


@pytest.mark.parametrize("name", ["b.csv", "b.tsv.gz", "b.jsonl", "b.xlsx", "b.parquet"])
def test_after_an_error_the_target_is_as_it_was_and_nothing_lies_beside_it(tmp_path, tiny_model, name):
    path = written(tmp_path / "a.csv", f"text,n\n{FOOD},1\n{FOOD},1,2\n")
    target = tmp_path / name
    target.write_text("earlier", encoding="utf-8")
    with pytest.raises(RowBroken, match="row 3"):
        score(path, target, tiny_model, chunk_rows=1)
    assert target.read_text(encoding="utf-8") == "earlier"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", name]


def test_the_target_is_not_there_before_it_is_whole(tmp_path, complaints_csv, tiny_model):
    target = tmp_path / "out.csv"
    seen = []

    def look(done, of):
        seen.append((done, of, target.exists()))

    report = score(complaints_csv, target, tiny_model, progress=look, chunk_rows=20)
    assert seen == [(20, 66, False), (40, 66, False), (60, 66, False), (66, 66, False), (66, 66, True)]
    assert report.rows == 66
    assert report.seconds > 0


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", '"te\nxt"\n"一\n二"\n三\n四'), ("a.jsonl", '{"text": "一"}\n{"text": "二"}\n{}')]
)
def test_progress_tells_how_many_rows_there_are_to_come(tmp_path, tiny_model, name, text):
    told = []
    score(
        written(tmp_path / name, text),
        tmp_path / "b.csv",
        tiny_model,
        {Role.TEXT: "te\nxt" if "csv" in name else "text"},
        lambda *each: told.append(each),
        chunk_rows=2,
    )
    assert told == [(2, 3), (3, 3), (3, 3)]


def test_a_target_that_cannot_be_written_is_refused_before_a_row_is_read(tmp_path, tiny_model):
    path = written(tmp_path / "a.csv", f"text\n{FOOD}\n")
    with pytest.raises(TargetUnwritable, match="check that the folder exists"):
        score(path, tmp_path / "nowhere" / "b.csv", tiny_model)
    with pytest.raises(FormatUnknown):
        score(path, tmp_path / "b.doc", tiny_model)


def test_an_input_that_cannot_be_read_leaves_no_target(tmp_path, tiny_model):
    with pytest.raises(FileUnreadable):
        score(tmp_path / "absent.csv", tmp_path / "b.csv", tiny_model)
    path = written(tmp_path / "a.csv", "text\n")
    with pytest.raises(FileEmpty):
        score(path, tmp_path / "b.csv", tiny_model)
    with pytest.raises(HeaderMissing):
        score(path, tmp_path / "b.csv", tiny_model, {Role.DOMAIN: "l1"})
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


def test_rows_are_read_as_they_are_needed_and_not_before(tmp_path, tiny_model):
    path = tmp_path / "a.csv"

    def peak(rows):
        written(path, "text,n\n" + f"{FOOD},{'x' * 2000}\n" * rows)
        tracemalloc.start()
        score(path, tmp_path / "b.csv", tiny_model, chunk_rows=100)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(2_000) < 2 * peak(500)
