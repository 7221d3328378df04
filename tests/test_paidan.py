"""The door, as a person at a terminal meets it: exit codes, sentences, and never a trace."""

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import paidan
import paidan_audit
from models.charter.demo import demo_charter

# MLflow 3.17 on SQLAlchemy 2.1
pytestmark = [
    pytest.mark.usefixtures("quick_training"),
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning"),
]


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _at_home(home, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PAIDAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("PAIDAN_HOME", str(home))


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process: (exit code, what went to the screen)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["paidan", *map(str, arguments)])
        try:
            paidan.main()
        except SystemExit as leaving:
            code = leaving.code or 0
        else:
            code = 0
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out + said.err

    return run


def written(path, rows, header):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def tiny_file(tiny_complaints, tmp_path_factory):
    return written(tmp_path_factory.mktemp("data") / "tiny.csv", tiny_complaints, ("text", "domain", "office"))


@pytest.fixture(scope="module")
def trained(home, tiny_file, quick_training):
    """Two versions, the first of them trained by the program in a process of its own and promoted; what it said then."""
    others = dict.fromkeys([name for name in os.environ if name.startswith(("PAIDAN_", "MLFLOW_"))])
    environment = {name: value for name, value in os.environ.items() if name not in others}
    first = subprocess.run(
        [sys.executable, "-m", "paidan", "train", "--data", str(tiny_file)],
        env=environment | {"PAIDAN_HOME": str(home)},
        cwd=Path(paidan.__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    door = CliRunner(env=others | {"PAIDAN_HOME": str(home)})
    for arguments in (
        ("models", "promote", "challenger", "--reason", "first", "--actor", "tester"),
        ("train", "--data", str(tiny_file), "--seed", "7"),
    ):
        done = door.invoke(paidan.cli, arguments)
        assert done.exit_code == 0, done.output
    return first.stdout


def test_training_shows_the_gate_the_figures_and_what_to_do_next(trained):
    assert "重复" in trained
    assert re.search(r"^domain\n  accuracy +[01]\.\d+  95% \[", trained, re.MULTILINE)
    assert "keywords_accuracy" in trained
    assert "版本 version 1 → challenger" in trained
    assert "paidan models promote 1" in trained


def test_training_is_by_the_charter_in_force_and_says_so(trained):
    assert f"职责章程 charter: active {demo_charter().name}" in trained
    assert "trust in it is learnt" in trained


def test_a_charter_for_training_is_named_as_anywhere_else(run, tiny_file, tmp_path):
    code, shown = run("train", "--data", tiny_file, "--charter", "nowhere.yaml")
    assert (code, "nowhere.yaml：没有这个文件，也不是编号、demo 或 active" in shown) == (2, True)
    code, shown = run("train", "--data", tiny_file, "--charter", "7")
    assert (code, "Traceback" in shown) == (2, False)
    assert "7" in shown


def test_a_search_tells_of_each_trial_and_of_what_it_found(run, tiny_file, monkeypatch):
    monkeypatch.setenv("PAIDAN_MODEL_NAME", "tuned")
    code, shown = run("train", "--tune", "2", "--data", tiny_file, "--column", "office=")
    assert code == 0
    assert "it has no office in common with the data" in shown
    assert re.search(r"trial 1/2: (0\.\d+) \(默认 default \1\)  c=0\.5  balance=0\.5", shown)
    assert "trial 2/2: " in shown
    assert "Tuning: " in shown
    assert run("train", "--tune", "1")[0] == 2
    few = tiny_file.with_name("few.csv")
    few.write_text("".join(tiny_file.read_text(encoding="utf-8").splitlines(keepends=True)[::4]), encoding="utf-8")
    code, shown = run("train", "--tune", "--data", few, "--column", "office=")
    assert (code, "it takes 30" in shown) == (2, True)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.csv", None, "missing.csv: cannot be read"),
        ("empty.csv", "", "empty.csv: is empty"),
        ("header.csv", "text,domain\n", "header.csv: is empty"),
        ("notext.csv", "what,domain\n过期,FDS\n", "has no column of complaint text"),
        ("nolabel.csv", "text,what\n过期,FDS\n", "there is no label column"),
        ("oneclass.csv", "text,domain\n过期食品,FDS\n过期牛奶,FDS\n", "training needs two classes"),
        ("blank.csv", "text,domain\n ,FDS\n ,PRE\n", "column 'text' is empty in all 2 rows"),
        ("file.doc", "text,domain\n", "unknown suffix"),
        ("broken.csv", 'text,domain\n"过期,FDS\n', "row 2"),
    ],
)
def test_a_file_that_nothing_can_be_learnt_from_ends_with_2_and_a_sentence(name, content, said, run, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    code, shown = run("train", "--data", path)
    assert code == 2
    assert said in shown
    assert shown.startswith("paidan: ")
    assert name in shown


@pytest.mark.parametrize("column", ["foo=text", "domain", "=", "text=nowhere"])
def test_a_column_that_cannot_be_mapped_ends_with_2_and_the_known_ones(column, run, tiny_file):
    code, shown = run("train", "--data", tiny_file, "--column", column)
    assert code == 2
    assert "office" in shown


def test_without_any_version_every_command_that_needs_one_says_to_train(run, monkeypatch, tmp_path, tiny_file):
    monkeypatch.setenv("PAIDAN_HOME", str(tmp_path / "new"))
    assert run("models", "list") == (0, "还没有版本；先运行 paidan train | no version yet; run: paidan train\n")
    for arguments in (
        ("models", "show"),
        ("models", "promote"),
        ("evaluate", "--data", tiny_file),
        ("predict", tiny_file, "-o", tmp_path / "out.csv"),
    ):
        code, shown = run(*arguments)
        assert (code, "run: paidan train" in shown) == (2, True), arguments
    assert run("models", "rollback")[0] == 2
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.usefixtures("trained")
class TestWithVersions:
    def test_versions_are_listed_newest_first_with_aliases_and_figures(self, run):
        code, shown = run("models", "list")
        first, second = shown.splitlines()[:2]
        assert code == 0
        assert (first.split()[0], second.split()[0]) == ("2", "1")
        assert "challenger" in first
        assert "champion" in second
        assert "domain/accuracy" in first

    def test_a_version_is_shown_as_its_manifest(self, run):
        code, shown = run("models", "show", "2")
        manifest = json.loads(shown)
        assert code == 0
        assert manifest["about"]["recipe"]["seed"] == 7
        assert manifest["about"]["data"]["files"] == ["tiny.csv"]
        assert "files" not in manifest

    @pytest.mark.parametrize("reference", ["99", "nobody", "other@champion", "complaint-triage/0"])
    def test_an_unknown_version_ends_with_2_and_those_that_there_are(self, reference, run):
        for verb in ("show", "promote"):
            code, shown = run("models", verb, reference)
            assert code == 2
            assert "there are: 2 (challenger), 1 (champion)" in shown

    def test_the_history_tells_who_promoted_what_and_why(self, run):
        code, shown = run("models", "history")
        assert code == 0
        assert "promote" in shown
        assert "- → 1  tester  first" in shown
        assert run("models", "history", "--at", "2001-01-01") == (0, "无 none\n")
        assert run("models", "history", "--at", "yesterday")[0] == 2

    def test_promotion_and_roll_back_move_the_champion(self, run):
        code, shown = run("models", "promote", "2", "--reason", "better")
        assert (code, shown.splitlines()[-1]) == (0, "champion: 1 → 2")
        # of another seed, it holds out what the champion has learnt: the gate says so
        assert "无法比较" in shown
        assert run("models", "rollback", "--reason", "worse") == (0, "champion: 2 → 1\n")

    def test_a_version_is_measured_as_json_that_any_reader_takes(self, run, tiny_file):
        code, shown = run("evaluate", "--data", tiny_file, "--json")
        figures = json.loads(shown, parse_constant=pytest.fail)
        assert code == 0
        assert set(figures) == {"domain", "office"}
        for found in figures.values():
            assert {"accuracy", "macro_f1", "top3", "ece", "coverage_at_target", "rows"} <= set(found)
            assert {"set_share", "set_coverage", "set_size_mean", "set_size_median"} <= set(found)
            assert found["set_coverage_low"] <= found["set_coverage"] <= found["set_coverage_high"]
            assert found["rows"] == 60
            assert found["accuracy_low"] <= found["accuracy"] <= found["accuracy_high"]
        assert figures["domain"]["accuracy"] >= 0.9

    def test_a_version_is_measured_together_with_a_charter(self, run, tiny_file):
        charter = Path(paidan.__file__).parent / "models" / "charter" / "data" / "demo.yaml"
        code, shown = run("evaluate", "--data", tiny_file, "--charter", charter, "--json")
        figures = json.loads(shown, parse_constant=pytest.fail)
        assert code == 0
        assert set(figures) == {"domain", "office", "office_with_charter"}
        together = figures["office_with_charter"]
        assert together["model_accuracy"] == pytest.approx(figures["office"]["accuracy"])
        assert together["over_model_accuracy"] == pytest.approx(together["accuracy"] - together["model_accuracy"])
        code, shown = run("evaluate", "--data", tiny_file, "--charter", charter, "--folds", "2")
        assert code == 2
        assert "leave --folds and --learning-curve out" in shown

    def test_a_recipe_is_cross_validated(self, run, tiny_file):
        code, shown = run("evaluate", "--data", tiny_file, "--column", "office=", "--folds", "2")
        assert code == 0
        assert "domain" in shown
        assert re.search(r"over_keywords_accuracy +[-0-9.]+  95% \[", shown)
        assert "类别行数 class size" in shown

    def test_it_is_held_against_the_baselines_that_are_named(self, run, tiny_file):
        asked = ("evaluate", "--data", tiny_file, "--column", "office=")
        code, shown = run(*asked, "--folds", "2", "--against", "naive", "--json")
        figures = json.JSONDecoder(parse_constant=pytest.fail).raw_decode(shown)[0]["domain"]
        assert code == 0
        assert figures["over_naive_accuracy"] == pytest.approx(figures["accuracy"] - figures["naive_accuracy"])
        assert "keywords_accuracy" not in figures
        assert {each["by"] for each in figures["slices"]} == {"length", "class_size"}
        assert run(*asked, "--against", "naive")[0] == 2
        assert run(*asked, "--folds", "2", "--against", "bert")[0] == 2

    def test_a_learning_curve_tells_what_more_labels_would_bring(self, run, tiny_file):
        asked = ("evaluate", "--data", tiny_file, "--column", "office=", "--learning-curve")
        code, shown = run(*asked, "--folds", "2", "--json")
        curve = json.JSONDecoder(parse_constant=pytest.fail).raw_decode(shown)[0]["domain"]
        assert code == 0
        assert [share["rows"] for share in curve["shares"]] == sorted(share["rows"] for share in curve["shares"])
        assert curve["gain_low"] <= curve["gain_high"]
        assert "1,000" in run(*asked, "--folds", "2")[1]
        assert run(*asked, "--against", "naive")[0] == 2

    def test_files_without_the_versions_labels_are_refused(self, run, tmp_path, tiny_complaints, home, monkeypatch):
        monkeypatch.setenv("PAIDAN_MODEL_NAME", "domains-only")
        domains = written(tmp_path / "d.csv", [row[:2] for row in tiny_complaints], ("text", "domain"))
        offices = written(tmp_path / "o.csv", [row[::2] for row in tiny_complaints], ("text", "office"))
        assert run("train", "--data", domains)[0] == 0
        code, shown = run("evaluate", "--data", offices, "--model", "challenger")
        assert code == 2
        assert "no labels for what this version answers (domain)" in shown
        # a model of another name is another model
        assert [line.split()[0] for line in run("models", "list")[1].splitlines()] == ["1"]

    def test_a_file_is_scored(self, run, tiny_file, tmp_path):
        code, _ = run("predict", tiny_file, "-o", tmp_path / "out.csv", "--model", "complaint-triage@champion")
        assert code == 0
        with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 60
        assert {"domain", "domain_confidence", "domain_decision", "doubts"} <= set(rows[0])

    def test_a_damaged_version_is_neither_shown_nor_promoted(self, run, home):
        kept = [path for path in home.rglob("bias.npy") if "artifacts" in path.parts]
        copies = [path for path in home.rglob("bias.npy") if "bundles" in path.parts]
        whole = {path: path.read_bytes() for path in (*kept, *copies)}
        try:
            for path in whole:
                path.write_bytes(b"")
            for verb in ("show", "promote"):
                code, shown = run("models", verb, "1")
                assert code == 2
                assert "bias.npy differs from its sha256" in shown
                assert "paidan train" in shown
        finally:
            for path, content in whole.items():
                path.write_bytes(content)


def test_keys_are_made_listed_and_revoked(run):
    code, token = run("keys", "create", "--label", "intake")
    assert code == 0
    listed = run("keys", "list")[1]
    assert "intake" in listed
    assert token.strip() not in listed
    key_id = listed.split()[0]
    assert key_id in run("keys", "revoke", key_id)[1]
    assert "已撤销 revoked" in run("keys", "list")[1]


def test_faults_with_keys_end_with_2_and_a_sentence(run):
    code, shown = run("keys", "revoke", "nope")
    assert (code, "no key 'nope'" in shown) == (2, True)
    code, shown = run("keys", "create", "--label", "x", "--scope", "everything")
    assert (code, "choose from: predict, outcome, review, admin" in shown) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [("evaluate",), ("nonsense",), ("train", "--nonsense"), ("predict", "a.csv"), ("keys", "create"), ()],
    ids=str,
)
def test_a_wrong_command_line_ends_with_2_and_the_usage(arguments, run):
    code, shown = run(*arguments)
    assert code == 2
    assert "Usage: " in shown


@pytest.mark.parametrize(
    "arguments", [("--help",), ("-h",), ("train", "-h"), ("models", "-h"), ("--version",)], ids=str
)
def test_help_is_no_fault(arguments, run):
    assert run(*arguments)[0] == 0


def test_help_does_not_wait_for_the_libraries():
    program = (
        "import sys, paidan; sys.argv = ['paidan', 'train', '-h']; paidan.main(); "
        "slow = {'mlflow', 'numpy', 'pandas', 'sklearn', 'numba', 'fastapi', 'sqlalchemy'} & set(sys.modules); "
        "sys.exit(f'{slow} imported' if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--data" in done.stdout


def test_settings_that_make_no_sense_end_with_2(run, monkeypatch):
    monkeypatch.setenv("PAIDAN_PORT", "70000")
    code, shown = run("models", "list")
    assert code == 2
    assert "port" in shown.lower()


def test_keys_may_not_be_off_where_others_can_reach_the_service(run, monkeypatch):
    monkeypatch.setenv("PAIDAN_HOST", "0.0.0.0")
    monkeypatch.setenv("PAIDAN_REQUIRE_KEYS", "0")
    code, shown = run("serve")
    assert code == 2
    assert "paidan keys create" in shown


def test_a_trace_is_there_for_who_asks_for_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PAIDAN_TRACE", "1")
    monkeypatch.setattr(sys, "argv", ["paidan", "train", "--data", str(tmp_path / "missing.csv")])
    with pytest.raises(Exception, match=r"missing\.csv"):
        paidan.main()


def test_who_runs_this_may_have_no_name(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(paidan_audit.getpass, "getuser", nobody)
    assert paidan_audit.user() == ""


def test_reviewed_labels_and_the_report_are_written_from_the_log(run, tmp_path):
    code, said = run("audit", "export", tmp_path / "reviewed.parquet")
    assert (code, "exported: 0" in said) == (0, True)
    assert (tmp_path / "reviewed.parquet").stat().st_size
    for name in ("report.xlsx", "report.csv"):
        assert run("audit", "report", tmp_path / name, "--since", "2026-10-01")[0] == 0
        assert (tmp_path / name).stat().st_size
    assert run("audit", "suspect") == (0, "疑似标注错误 suspected label errors: 0\n")
    for verb in ("export", "report"):
        code, said = run("audit", verb, tmp_path / "out.doc")
        assert (code, ".doc" in said) == (2, True)


def test_the_history_is_verified_and_a_row_that_was_tampered_with_ends_with_1(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PAIDAN_HOME", str(tmp_path))
    code, said = run("audit", "retain", "--older-than", "30")
    assert (code, "已清除 removed" in said) == (0, True)
    code, said = run("audit", "verify")
    assert (code, said.count("intact")) == (0, 3)
    ends = [line.strip() for line in said.splitlines() if line.startswith("  ")]
    expected = [word for end in ends for word in ("--expect", end)]
    assert run("audit", "verify", *expected)[0] == 0
    with sqlite3.connect(tmp_path / "caselog.db") as connection:
        connection.execute("UPDATE accesses SET who = 'somebody else' WHERE seq = 1")
    code, said = run("audit", "verify", *expected)
    assert (code, "edited    1: " in said) == (1, True)
    assert run("audit", "verify", "--expect", "accesses")[0] == 2
