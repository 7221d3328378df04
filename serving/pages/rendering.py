"""Templates to pages: everything that is put into one is escaped, and moments, shares and codes are written alike."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from auditing.cases.doubts import TOLD, Doubt
from auditing.cases.rows import CHINA
from serving.pages.texts import Language, half, texts

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
"""Style, script and icon."""

NOTHING = "–"
"""Stands where there is no value."""


class Renderer:
    """Renders templates in one of the languages."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"moment": moment, "share": share, "figure": figure, "signed": signed}
        digest = sha256(b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()))).hexdigest()
        # what has changed has another address, so that it may be kept for long
        self._environment.globals |= {"stamp": digest[:12], "now": lambda: datetime.now(UTC)}

    def render(self, template: str, language: Language, context: Mapping[str, Any]) -> str:
        """Render `template`.html."""
        words = texts()

        def say(key: str, /, **values: Any) -> str:
            return words[key][language].format(**values)

        def known_or(key: str, otherwise: str) -> str:
            return words[key][language] if key in words else otherwise

        def lasting(seconds: float) -> str:
            return duration(seconds, language)

        def doubt(name: Doubt) -> tuple[str, str]:
            told = TOLD[name]
            return (told.name_zh, told.why_zh) if language is Language.CHINESE else (told.name_en, told.why_en)

        return self._environment.get_template(f"{template}.html").render(
            {
                **context,
                "t": say,
                "t_or": known_or,
                "lasting": lasting,
                "half": partial(half, language=language),
                "doubt_in_words": doubt,
                "language": language,
                "english": language is Language.ENGLISH,
            }
        )


def moment(value: datetime | None) -> str:
    """Write a moment in China's time."""
    return NOTHING if value is None else f"{value.astimezone(CHINA):%Y-%m-%d %H:%M}"


def share(value: float | None, digits: int = 1) -> str:
    """Write a share as a percentage."""
    return NOTHING if value is None or math.isnan(value) else f"{value:.{digits}%}"


def figure(value: float | None, digits: int = 2) -> str:
    """Write a number."""
    return NOTHING if value is None or math.isnan(value) else f"{value:,.{digits}f}"


def signed(value: float) -> str:
    """Write a weight with its sign."""
    return f"{value:+.2f}".replace("-", "−")


def duration(seconds: float, language: Language) -> str:
    """Write how long something lasts, whichever its sign, in its two largest units; below a minute it is none."""
    minutes = int(abs(seconds) // 60)
    parts = (minutes // 1440, minutes // 60 % 24, minutes % 60)
    units = ("天", "小时", "分") if language is Language.CHINESE else ("d", "h", "min")
    first = next((place for place, number in enumerate(parts) if number), 2)
    shown = [(number, unit) for number, unit in zip(parts, units, strict=True)][first : first + 2]
    return " ".join(f"{number} {unit}" for number, unit in shown if number) or f"0 {units[2]}"
