"""The verbs for accounts, as an administrator at a terminal meets them."""

import pytest
from click.testing import CliRunner

import paidan
from auditing.people.errors import PasswordUnfit

WORD = "白日依山尽黄河入海流"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("PAIDAN_HOME", str(tmp_path))

    def run(*arguments, typed=f"{WORD}\n"):
        result = CliRunner().invoke(paidan.cli, ["people", *arguments], input=typed)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert WORD not in result.output
        return result.output

    return run


def test_an_account_is_made_listed_changed_and_disabled(run):
    assert "李审核 (lead)" in run("add", "李审核", "--role", "lead")
    assert run("list").split()[-1] == "李审核"
    assert "(admin)" in run("role", "李审核", "--role", "admin")
    assert "李审核" in run("password", "李审核")
    run("disable", "李审核")
    assert "已停用" in run("list")


def test_a_password_comes_from_a_pipe_and_a_poor_one_is_refused(run):
    with pytest.raises(PasswordUnfit, match="10"):
        run("add", "李审核", typed="short\n")
    assert run("list") == ""
