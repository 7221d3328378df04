"""The urgency rules that ship, read from their table."""

import csv
from pathlib import Path

from models.charter.articles import Charter, Level, UrgencyRule

TABLE = Path(__file__).parents[3] / "models" / "charter" / "data" / "urgency.csv"


def shipped_rules():
    told = {}
    for row in csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()):
        rule = told.setdefault((row["level"], row["code"], row["name"], row["action"]), [])
        if row["expression"]:
            rule.append(row["expression"])
    return tuple(
        UrgencyRule(code, Level(level), name, tuple(expressions), action)
        for (level, code, name, action), expressions in told.items()
    )


def charter_with(*rules, conditions=()):
    return Charter("demo", "0" * 64, domains=(), offices=(), responsibilities=(), urgency=rules, conditions=conditions)
