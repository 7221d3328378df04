"""The console's words: one table, Chinese first."""

import csv
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("texts.csv")


class Language(StrEnum):
    """What the console speaks."""

    CHINESE = "zh"
    ENGLISH = "en"

    @property
    def other(self) -> "Language":
        """The one to switch to."""
        return Language.ENGLISH if self is Language.CHINESE else Language.CHINESE


@cache
def texts() -> Mapping[str, Mapping[Language, str]]:
    """Every text by its key."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {row["key"]: {language: row[language.value] for language in Language} for row in csv.DictReader(file)}


def half(message: str, language: Language) -> str:
    """Give the half of a bilingual message, `Chinese | English`, that is in `language`; all of it if it has no halves."""
    chinese, _, english = message.partition(" | ")
    return chinese if language is Language.CHINESE or not english else english
