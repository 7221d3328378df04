"""What is wrong with a charter, and the way out: frozen values in both languages of the people who read them."""

from dataclasses import dataclass
from typing import Literal

from models.charter.route import Sentence

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at `line` of the file (1-based; 0 for the file as a whole), and its remedy.

    An error keeps a charter from being read or activated; a warning is for its author to think about. code: a stable
    word for machines.
    """

    severity: Severity
    code: str
    line: int
    message: Sentence
    remedy: Sentence


def error(code: str, line: int, message: Sentence, remedy: Sentence) -> Finding:
    """Return a finding that keeps a charter from being activated."""
    return Finding("error", code, line, message, remedy)


def warning(code: str, line: int, message: Sentence, remedy: Sentence) -> Finding:
    """Return a finding for the charter's author to think about."""
    return Finding("warning", code, line, message, remedy)


def in_words(finding: Finding, name: str) -> str:
    """Tell `finding` about the file `name` in one line, Chinese first."""
    place_zh, place_en = (f" 第 {finding.line} 行", f", line {finding.line}") if finding.line else ("", "")
    return (
        f"{name}{place_zh}：{finding.message.zh}。{finding.remedy.zh}。 / "
        f"{name}{place_en}: {finding.message.en}. {finding.remedy.en}."
    )
