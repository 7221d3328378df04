"""The notebooks run, on the starter set and on a file of somebody else's; they define nothing and quote nobody."""

import ast
import csv
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from auditing.log.caselog import CaseLog
from auditing.log.events import Outcome, OutcomeStatus, Review, ReviewStatus, Role
from auditing.log.history import EventLog
from features.segment import Lexicon
from models.bundle import verify_bundle
from models.registry import Registry
from models.triage import TriageModel
from training.recipe import Recipe
from training.run import train
from training.tables.dataset import read_labelled
from training.tracking import Tracker
from training.written.starter import starter_files

FOLDER = Path(__file__).parents[2] / "notebooks"
EXPLORE, ERRORS = "01_explore_labelled_complaints.ipynb", "02_errors_of_a_version.ipynb"
AUDIT = "03_audit_of_misrouted_tickets.ipynb"
TABLE, PICTURE, DRAWING, TEXT = "text/html", "image/png", "image/svg+xml", "stdout"
QUOTED = 12
"""Characters in a row that make a quotation."""


def written(name):
    return nbformat.read(FOLDER / name, as_version=4)


def code_cells(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def shown(book, cell_id):
    """What a cell shows: for each output its kind and its content."""
    cell = next(cell for cell in book.cells if cell.id == cell_id)
    found = []
    for output in cell.outputs:
        if output.output_type == "stream":
            found.append((output.name, output.text))
        else:
            kind = next(kind for kind in (PICTURE, DRAWING, TABLE) if kind in output.data)
            found.append((kind, output.data[kind]))
    return found


def kinds(book, cell_id):
    return [kind for kind, _ in shown(book, cell_id)]


def all_text(book):
    everything = json.dumps([cell.outputs for cell in code_cells(book)], ensure_ascii=False)
    return re.sub(r'"image/png": "[^"]*"', "", everything)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A champion that has learnt from two files of the starter set, in a home of its own."""
    home, files = tmp_path_factory.mktemp("home"), starter_files()[:2]
    registry = Registry.under(home, verify_bundle)
    made = train(files, {}, Recipe(folds=2), Tracker(registry), Lexicon.load(), lambda *_: None, lambda _: None)
    registry.promote(str(made.version.number), "test", "the notebooks need a version")
    return SimpleNamespace(home=home, files=files, held_out=made.held_out)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Another file of the starter set, as if a bureau had sent it: other headers, texts and offices only."""
    data = read_labelled(starter_files()[2:3])
    path = tmp_path_factory.mktemp("foreign") / "工单.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["诉求", "去向"])
        rows.writerows(zip(data.texts, data.labels("office"), strict=True))
    return SimpleNamespace(path=path, texts=data.texts.tolist())


@pytest.fixture(scope="module")
def execute(trained, tmp_path_factory):
    """Run a notebook the way Jupyter does, in its own folder, with this environment and nothing of the user's."""

    def execute(name, **settings):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PAIDAN_", "MLFLOW_"))}
        scratch = tmp_path_factory.mktemp("jupyter")
        own = {"IPYTHONDIR": str(scratch / "ipython"), "MPLCONFIGDIR": str(scratch / "matplotlib")}
        book = written(name)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JUPYTER_RUNTIME_DIR", str(scratch / "runtime"))
            client = NotebookClient(book, timeout=300, resources={"metadata": {"path": str(FOLDER)}})
            client.execute(env=kept | own | {"PAIDAN_HOME": str(trained.home)} | settings)
        return book

    return execute


@pytest.fixture(scope="module")
def explored(execute):
    return execute(EXPLORE)


@pytest.fixture(scope="module")
def explored_foreign(execute, foreign):
    return execute(EXPLORE, PAIDAN_DATA=str(foreign.path), PAIDAN_COLUMNS="text=诉求;office=去向")


@pytest.fixture(scope="module")
def analysed(execute, trained):
    return execute(ERRORS, PAIDAN_DATA=os.pathsep.join(map(str, trained.files)))


@pytest.fixture(scope="module")
def analysed_foreign(execute, foreign):
    return execute(ERRORS, PAIDAN_DATA=str(foreign.path), PAIDAN_COLUMNS="text=诉求;office=去向")


@pytest.fixture(scope="module")
def audited(execute, trained, settled):
    """The third notebook, on a case log in which tickets were returned, sent on, closed and reviewed."""
    registry = Registry.under(trained.home, verify_bundle)
    version = registry.resolve("champion")
    model = TriageModel.load(registry.fetch(version), version.model)
    log = CaseLog.open(f"sqlite:///{trained.home / 'caselog.db'}", trained.home / "digest.key")
    data = read_labelled(trained.files)
    complaints = [replace(data.complaint(row), source="12345", ticket_id=f"T-{row}") for row in range(80)]
    ids = [
        each.prediction_id for each in log.write([log.entry(each, settled(model.triage(each))) for each in complaints])
    ]
    events, now = EventLog(log.engine), datetime.now(UTC)
    offices = data.labels("office").tolist()
    for row, prediction_id in enumerate(ids[:40]):
        if row % 4 == 0:
            back = Outcome(prediction_id, OutcomeStatus.RETURNED, "O01", "O01", now, reason_code="R07")
            events.append(back, "key")
        events.append(Outcome(prediction_id, OutcomeStatus.CLOSED, offices[row], offices[row], now), "key")
    for row, prediction_id in enumerate(ids[40:50], 40):
        for who in ("li", "wang"):
            label = offices[row] if row % 5 or who == "li" else "O01"
            said = {"domain_code": data.labels("domain")[row], "office_code": label}
            events.append(Review(prediction_id, ReviewStatus.CORRECTED, who, Role.REVIEWER, now, **said), who)
    events.close()
    log.close()
    return execute(AUDIT)


@pytest.mark.parametrize("name", [EXPLORE, ERRORS, AUDIT])
def test_a_notebook_defines_nothing(name):
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    for cell in code_cells(written(name)):
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, definitions)]


@pytest.mark.parametrize("name", [EXPLORE, ERRORS, AUDIT])
def test_a_notebook_is_kept_without_outputs_and_without_places(name):
    book = written(name)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    for cell in code_cells(book):
        assert not cell.outputs
        assert cell.execution_count is None
        assert not re.search(r"""["'](?:/|~|[A-Za-z]:[\\/])""", cell.source)


@pytest.mark.parametrize("name", [EXPLORE, ERRORS, AUDIT])
def test_a_notebook_speaks_chinese_first(name):
    for cell in written(name).cells:
        if cell.cell_type == "markdown":
            letters = [character for character in cell.source if character.isalpha()]
            assert "\u4e00" <= letters[0] <= "\u9fff"
            assert any(character.isascii() for character in letters)


@pytest.mark.parametrize("run", ["explored", "explored_foreign", "analysed", "analysed_foreign", "audited"])
def test_every_cell_runs_without_an_error_or_a_warning(run, request):
    for cell in code_cells(request.getfixturevalue(run)):
        assert cell.execution_count is not None
        assert not [o for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"]


def test_the_exploration_shows_its_tables_and_its_picture(explored):
    assert kinds(explored, "sizes") == [TABLE]
    assert kinds(explored, "labels") == [TABLE, TABLE]
    assert kinds(explored, "domain-by-office") == [TABLE]
    assert kinds(explored, "kinds-and-sources") == [TABLE, TABLE, TABLE, TABLE, TEXT]
    assert kinds(explored, "gate") == [TEXT]
    assert kinds(explored, "near-duplicates")[0] == TABLE
    assert kinds(explored, "lengths") == [TABLE, PICTURE]
    assert kinds(explored, "normaliser") == [TABLE, TABLE]
    assert kinds(explored, "words") == [TABLE, TABLE]
    assert kinds(explored, "thin-classes") == [TEXT, TABLE]


def test_the_exploration_counts_the_starter_set(explored):
    data = read_labelled(starter_files())
    assert f">{len(data)}<" in shown(explored, "sizes")[0][1]
    assert f"{len(data):,}" in shown(explored, "gate")[0][1]
    assert "广告" in shown(explored, "words")[0][1]


def test_the_analysis_shows_its_tables_and_pictures_for_both_heads(analysed):
    assert kinds(analysed, "manifest") == [TABLE, TABLE]
    assert kinds(analysed, "figures-table") == [TABLE]
    for cell_id in ("confusion", "reliability", "sweep"):
        assert kinds(analysed, cell_id) == [PICTURE, PICTURE]
    for cell_id in ("confused-pairs", "classes", "mistakes"):
        assert kinds(analysed, cell_id) == [TABLE, TABLE]


def test_the_analysis_of_what_a_version_has_learnt_measures_on_the_rows_held_out(analysed, trained):
    assert "held out" in shown(analysed, "rows")[0][1]
    table = shown(analysed, "figures-table")[0][1]
    for outcome in trained.held_out.values():
        # once from the manifest, once measured anew
        assert table.count(f">{outcome.headline()['macro_f1']:.3f}<") == 2


def test_the_pipeline_beside_the_scorer_gives_the_same(analysed):
    assert "equal" in shown(analysed, "pipeline")[0][1]


def test_mistakes_on_the_starter_set_come_with_text_and_evidence(analysed):
    table = shown(analysed, "mistakes")[0][1]
    assert "证据 evidence" in table
    assert "batch-0" in table


def test_other_data_is_measured_as_it_is(analysed_foreign):
    assert "given" in shown(analysed_foreign, "rows")[0][1]
    assert kinds(analysed_foreign, "confusion") == [PICTURE]
    assert "工单.csv:" in shown(analysed_foreign, "mistakes")[0][1]


@pytest.mark.parametrize("run", ["explored_foreign", "analysed_foreign"])
def test_no_complaint_of_other_data_is_quoted(run, request, foreign):
    said = all_text(request.getfixturevalue(run))
    pieces = (text[at : at + QUOTED] for text in foreign.texts for at in range(len(text) - QUOTED + 1))
    assert not [piece for piece in pieces if piece in said]


def test_mistakes_on_other_data_show_no_evidence(analysed_foreign):
    assert "evidence" not in shown(analysed_foreign, "mistakes")[0][1]


def test_the_audit_shows_figures_misroutes_reviews_and_drift(audited):
    assert kinds(audited, "overall") == [TEXT, TABLE]
    assert kinds(audited, "by-group") == [TABLE] * 4
    assert kinds(audited, "weeks") == [DRAWING]
    assert kinds(audited, "confusion") == [PICTURE, PICTURE]
    assert kinds(audited, "cells") == [TABLE, TABLE]
    assert kinds(audited, "reasons") == [TABLE]
    assert kinds(audited, "estimate") == [TEXT, TABLE, TABLE]
    assert kinds(audited, "queue") == [TEXT, TABLE, TABLE]
    assert kinds(audited, "days") == [TABLE, TABLE]


def test_the_audit_counts_what_happened(audited):
    assert "150" in shown(audited, "overall")[0][1]
    assert "分类有误" in shown(audited, "reasons")[0][1]
    assert ">10<" in shown(audited, "reasons")[0][1]
    assert "insufficient data" in shown(audited, "days")[0][1] or "steady" in shown(audited, "days")[0][1]


def test_the_audit_quotes_no_complaint(audited, trained):
    said = all_text(audited)
    texts = read_labelled(trained.files).texts.tolist()
    assert not [text for text in texts if text[:QUOTED] in said]
