"""Every command that the documentation shows runs, on small files of the shape that it speaks of."""

import csv
import gzip
import re
import shlex
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

import paidan
from models.charter.demo import DEMO

ROOT = Path(__file__).parents[2]
# bench.md is a table that `make bench` writes
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != "bench.md"),
]
STARTS_A_SERVER = ("paidan serve", "make ", "DATA=", "curl ")
"""These are run by the journeys, by .ci/run and by the suite itself."""


def commands(page):
    """The commands in a page's sh blocks, without comments, one a line."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.split(r"\s#", line)[0].strip().removeprefix(".venv/bin/")
            if command.startswith("paidan ") and not command.startswith(STARTS_A_SERVER):
                yield command


@pytest.fixture(scope="module")
def desk(tmp_path_factory, tiny_complaints):
    """A directory with the files that the documentation names."""
    folder = tmp_path_factory.mktemp("desk")
    rows = [
        {"text": text, "domain": domain, "office": office, "batch": str(number % 5)}
        for number, (text, domain, office) in enumerate(tiny_complaints)
    ]
    for name, columns in {
        "my.csv": ("text", "domain", "承办单位"),
        "complaints.csv": ("text", "domain", "承办单位"),
        "test.csv": ("text", "domain", "office", "batch"),
        "taidi2020c.csv.gz": ("text", "domain"),
        "haikou12345.csv.gz": ("text", "domain", "office_group"),
    }.items():
        opened = gzip.open if name.endswith(".gz") else open
        with opened(folder / name, "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            for row in rows:
                own = row | {"承办单位": row["office"], "office_group": row["office"]}
                writer.writerow({column: own[column] for column in columns})
    (folder / "charter.yaml").write_bytes(DEMO.read_bytes() + "# 本局的\n".encode())
    with (folder / "past.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "domain"), *((row["text"], row["domain"]) for row in rows)])
    people = [{"text": row["text"], "office": row["office"], "provenance": "person"} for row in rows[:5]]
    pd.DataFrame(people).to_parquet(folder / "reviewed.parquet")
    said = pd.DataFrame(rows)[["text", "domain", "office"]].assign(provenance="person")
    said.to_parquet(folder / "first500.parquet")
    book = openpyxl.Workbook()
    book.active.append(["text"])
    for row in rows[:5]:
        book.active.append([row["text"]])
    book.save(folder / "in.xlsx")
    return folder


@pytest.fixture(scope="module")
def run(desk, tmp_path_factory, quick_training):
    """Run a command as at the desk, where versions have been trained and promoted twice, so that one can roll back."""
    runner = CliRunner(env={"PAIDAN_HOME": str(tmp_path_factory.mktemp("home"))})
    measured = set()

    def run(command):
        # several pages show the same measurements, which change nothing
        if command in measured:
            return ""
        if command.startswith("paidan evaluate --") and "--model" not in command:
            measured.add(command)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(desk)
            # the starter set itself is learnt elsewhere; here its commands learn from a small file
            patch.setattr("training.written.starter.starter_files", lambda: (desk / "test.csv",))
            # what is typed where a password is asked for
            result = runner.invoke(paidan.cli, shlex.split(command)[1:], input="白日依山尽黄河入海流\n")
        assert result.exit_code == 0, (command, result.output, result.exception)
        return result.output

    for _ in range(2):
        run("paidan train --data test.csv")
        run("paidan models promote challenger")
    return run


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_the_page_runs(page, run):
    run("paidan keys create --label test")
    key_id = run("paidan keys list").split()[0]
    shown = list(commands(page))
    assert shown
    for command in shown:
        run(command.replace("KEY_ID", key_id))
