"""The verbs for the charter, as the bureau's clerk meets them."""

import csv

import pytest
from click.testing import CliRunner

import paidan
from auditing.charters.errors import CharterRefused
from models.charter.demo import DEMO
from models.charter.reading import CharterUnreadable

TEXT = DEMO.read_text(encoding="utf-8")
# the whole of T04's tickets to a station that is new; and a domain that nobody has
RENAMED = TEXT.replace("name: 餐饮服务监督管理科", "name: 餐饮科")
GAP = TEXT.replace("  GEN:", "  NEW: 新领域\n  GEN:")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PAIDAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        result = CliRunner().invoke(paidan.cli, ["charter", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.output

    return run


@pytest.fixture
def file(tmp_path):
    def file(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return file


def test_the_shipped_charter_has_no_errors(run, file):
    assert run("check", file("charter.yaml", TEXT)).splitlines()[-1].startswith("0 处错误 errors")


def test_a_check_names_file_line_and_remedy_and_ends_with_1(run, file):
    said = run("check", file("gap.yaml", GAP), code=1)
    line = next(line for line in said.splitlines() if "NEW" in line)
    place, label = line.split(": ")[:2]
    assert place.startswith("gap.yaml:")
    assert GAP.splitlines()[int(place.partition(":")[2]) - 1] if place.rpartition(":")[2] != "0" else True
    assert label == "错误 error"
    broken = run("check", file("broken.yaml", "offices: ["), code=1)
    assert broken.startswith("broken.yaml:1: 错误 error")


def test_a_charter_is_activated_followed_and_rolled_back_with_reasons(run, file):
    assert run("show") == TEXT
    assert (
        run("activate", file("new.yaml", RENAMED), "--reason", "更名", "--actor", "李组长")
        == "章程 charter: demo → 1\n"
    )
    assert run("show") == RENAMED
    assert run("show", "--number", "0") == TEXT
    assert run("rollback", "--reason", "误操作", "--actor", "王") == "章程 charter: 1 → demo\n"
    first, second = run("history").splitlines()
    assert "activate  demo → 1  李组长  更名" in first
    assert "rollback  1 → demo  王  误操作" in second
    assert run("history", "--at", "2020-01-01").startswith("demo  ")
    assert "Missing option '--reason'" in run("rollback", code=2)


def test_a_charter_with_a_gap_is_refused_and_nothing_changes(run, file):
    with pytest.raises(CharterRefused, match="NEW"):
        run("activate", file("gap.yaml", GAP), "--reason", "试")
    with pytest.raises(CharterUnreadable, match=r"broken\.yaml"):
        run("activate", file("broken.yaml", "offices: ["), "--reason", "试")
    assert run("history") == ""


def test_a_diff_shows_articles_and_which_past_tickets_would_move(run, file, tmp_path):
    old = file("old.yaml", TEXT)
    # the market's street now belongs to the neighbours
    new = file("new.yaml", RENAMED.replace("station: T01", "station: T0X").replace("station: T04", "station: T01").replace("station: T0X", "station: T04"))  # fmt: skip
    said = run("diff", old, new)
    assert "~ offices O04" in said
    assert "name: 餐饮服务监督管理科 → 餐饮科" in said
    with (tmp_path / "past.csv").open("w", encoding="utf-8", newline="") as past:
        writer = csv.writer(past)
        writer.writerow(("text", "address", "domain", "office"))
        writer.writerow(("饭菜里有虫，投诉", "东亭街道东亭路18号", "CAT", "T01"))
        writer.writerow(("饭菜里有虫，投诉", "东亭街道东亭路19号", "餐饮服务", "T01"))
        writer.writerow(("计量不准，投诉", "", "什么", ""))
    said = run("diff", old, new, "--data", "past.csv")
    assert "2 of 2 tickets would move" in said
    assert "1 more have a domain that no charter has" in said
    assert any(line.split()[:2] == ["2", "T01"] and "→ T04" in line for line in said.splitlines())
    assert "0 of 2 tickets" in run("diff", "demo", "active", "--data", "past.csv")
    assert "neither a file nor a version" in run("diff", "demo", "nowhere.yaml", code=2)


def test_a_file_that_is_called_like_a_version_is_named_with_its_folder(run, file):
    file("active", RENAMED)
    assert run("diff", "demo", "active") == ""
    assert "~ offices O04" in run("diff", "demo", "./active")
