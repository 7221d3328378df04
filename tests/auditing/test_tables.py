import csv
import io
import math

import numpy as np
import openpyxl
import pytest

from auditing.figures.misroutes import Cell, confusion_of
from auditing.figures.report import confusion_table, formulas_table, report
from auditing.figures.svg import Point, confusion_svg, trend_svg
from auditing.figures.tables import write_csv, write_xlsx

CUNNING = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "无害"]


def test_no_cell_of_a_csv_can_act():
    file = io.BytesIO()
    write_csv(file, (["=header", "number"], [[cell, -1.5] for cell in CUNNING] + [[None, math.nan]]))
    raw = file.getvalue()
    assert raw.startswith(b"\xef\xbb\xbf")
    header, *rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert header == ["'=header", "number"]
    assert [row[0] for row in rows[:6]] == [f"'{cell}" for cell in CUNNING[:6]]
    assert rows[6] == ["无害", "-1.5"]
    assert rows[7] == ["", ""]


def test_no_cell_of_a_workbook_is_a_formula():
    file = io.BytesIO()
    write_xlsx(file, {"一": (["名"], [[cell] for cell in CUNNING]), "二": (["数"], [[3], [math.inf], ["\x00"]])})
    book = openpyxl.load_workbook(file)
    cells = [row[0] for row in book["一"].iter_rows(min_row=2)]
    assert [cell.data_type for cell in cells] == ["s"] * len(CUNNING)
    assert cells[0].value == "=1+1"
    assert [cell.quotePrefix for cell in cells] == [True] * 6 + [False]
    assert [row[0].value for row in book["二"].iter_rows(min_row=2)] == [3, None, "_x0000_"]
    assert book["一"].freeze_panes == "A2"


@pytest.fixture
def small():
    return confusion_of("office", [Cell("O03", "O03", 8), Cell("O03", "<b>", 2), Cell("O04", "", 1)])


def test_a_confusion_is_written_misroutes_first(small):
    _, rows = confusion_table(small, {"O03": "流通科"})
    assert rows == [
        ["O03", "流通科", "<b>", "", 2, 0.2],
        ["O04", "", "—", "", 1, 1.0],
        ["O03", "流通科", "O03", "流通科", 8, 0.8],
    ]


def test_the_picture_of_a_confusion_leads_to_its_cases_and_escapes_labels(small):
    drawn = confusion_svg(small, lambda true, predicted: f"?true={true}&predicted={predicted}", {}, "谁被当成谁")
    assert drawn.count("<a href=") == 3
    assert 'href="?true=O03&amp;predicted=O03"' in drawn
    assert "<b>" not in drawn
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert drawn.count("http") == 1
    narrowed = confusion_svg(small, lambda *_: "#", {}, "t", shown=2)
    assert narrowed.count("<a href=") < 3


def test_a_gap_breaks_the_line_of_a_trend():
    points = [Point("W40", 0.5, 0.4, 0.6), Point("W41", math.nan, math.nan, math.nan), Point("W42", 0.7, 0.6, 0.8)]
    drawn = trend_svg(points, "一次派单")
    assert drawn.count("<polyline") == 2
    assert drawn.count("<circle") == 2
    assert "nan" not in drawn
    assert "<svg" in trend_svg([], "无")


def test_the_report_of_an_empty_log_can_be_written(log):
    file = io.BytesIO()
    write_xlsx(file, report(log.engine))
    names = openpyxl.load_workbook(file).sheetnames
    assert names == ["指标 figures", "混淆 domain", "混淆 office", "复核一致 agreement", "公式 formulas"]
    assert len(list(formulas_table()[1])) == 9
    assert np.isnan(next(iter(report(log.engine)["指标 figures"][1]))[7])
