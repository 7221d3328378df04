"""The words of a charter's file for values of a closed list: Chinese for who writes it, the code for programs."""

from collections.abc import Mapping

from models.charter.articles import STATION, OfficeKind, Request, Unit

KINDS: Mapping[str, Request] = {
    "投诉": Request.COMPLAINT,
    "举报": Request.REPORT,
    "咨询": Request.ENQUIRY,
    "意见建议": Request.SUGGESTION,
    "其他": Request.OTHER,
}
OFFICE_KINDS: Mapping[str, OfficeKind] = {
    "中心": OfficeKind.CENTRE,
    "科室": OfficeKind.LINE,
    "所": OfficeKind.STATION,
    "执法": OfficeKind.ENFORCEMENT,
    "支持": OfficeKind.SUPPORT,
    "外部": OfficeKind.EXTERNAL,
}
UNITS: Mapping[str, Unit] = {"工作日": "workdays", "日": "days", "小时": "hours", "分钟": "minutes"}
STATION_WORD = "属地所"
"""The word for STATION, the station in whose territory the merchant is."""


def office_of(word: str) -> str:
    """Return the code that `word` stands for as a lead or an assistant."""
    return STATION if word == STATION_WORD else word


_WORDS: Mapping[object, str] = {
    value: word for words in (KINDS, OFFICE_KINDS, UNITS, {STATION_WORD: STATION}) for word, value in words.items()
}


def word_of(value: str) -> str:
    """Return the file's word for a value of a closed list; any other string is its own."""
    return _WORDS.get(value, value)
