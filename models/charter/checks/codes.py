"""Codes that nothing bears, or that several articles bear."""

from collections.abc import Iterable, Iterator

from models.charter.articles import STATION, Charter, Office, OfficeKind, Responsibility
from models.charter.finding import Finding, error
from models.charter.route import Sentence


def code_findings(charter: Charter) -> Iterator[Finding]:
    """Find codes twice, unknown codes and office names that mean two offices."""
    yield from _twice(charter)
    for rule in charter.responsibilities:
        yield from _unknown_in(rule, charter)
    yield from _unknown_elsewhere(charter)
    yield from _ambiguous_labels(charter.offices)


def _twice(charter: Charter) -> Iterator[Finding]:
    for articles in (
        charter.offices,
        charter.conditions,
        charter.responsibilities,
        charter.departments,
        charter.urgency,
        charter.clocks,
    ):
        lines: dict[str, int] = {}
        for article in articles:
            if article.code in lines:
                yield error(
                    "duplicate_code",
                    article.line,
                    Sentence(
                        f"代码 {article.code} 已用于第 {lines[article.code]} 行",
                        f"code {article.code} is already that of line {lines[article.code]}",
                    ),
                    Sentence("换一个代码，或合并两条", "Give it a code of its own, or make one article of the two"),
                )
            lines.setdefault(article.code, article.line)


def _unknown_in(rule: Responsibility, charter: Charter) -> Iterator[Finding]:
    offices = {office.code for office in charter.offices}
    stations = {office.code for office in charter.offices if office.kind is OfficeKind.STATION}
    parties = {*offices, STATION}
    conditions = {condition.code for condition in charter.conditions}
    departments = {department.code for department in charter.departments}
    domains = {code for code, _ in charter.domains}
    for where, codes, known in (
        ("domains", rule.domains, domains),
        ("condition", (rule.condition,) if rule.condition else (), conditions),
        ("places", rule.places, stations),
        ("lead", (rule.lead,), parties),
        ("without_place", (rule.without_place,) if rule.without_place else (), offices),
        ("assisting", rule.assisting, parties),
        ("departments", rule.departments, departments),
    ):
        yield from _unknown(f"{rule.code} {where}", rule.line, codes, known)


def _unknown_elsewhere(charter: Charter) -> Iterator[Finding]:
    offices = {office.code for office in charter.offices}
    stations = {office.code for office in charter.offices if office.kind is OfficeKind.STATION}
    domains = {code for code, _ in charter.domains}
    for office in charter.offices:
        yield from _unknown(f"{office.code} successors", office.line, office.successors, offices)
    for territory in charter.territories:
        yield from _unknown("territories station", territory.line, (territory.station,), stations)
    for department in charter.departments:
        yield from _unknown(f"{department.code} keeps", department.line, department.keeps, domains)


def _unknown(where: str, line: int, codes: Iterable[str], known: set[str]) -> Iterator[Finding]:
    for code in codes:
        if code not in known:
            some = "、".join(sorted(known)[:30])
            yield error(
                "unknown_code",
                line,
                Sentence(f"{where} 里的“{code}”没有定义", f"{code!r} in {where} is not defined"),
                Sentence(
                    f"改成已有的代码，或先定义它。已有：{some}", f"Use a code that is defined, or define it: {some}"
                ),
            )


def _ambiguous_labels(offices: Iterable[Office]) -> Iterator[Finding]:
    """Two offices may share a name only where one does the other's work after it."""
    offices = tuple(offices)
    heirs = {office.code: set(office.successors) for office in offices}
    first: dict[str, Office] = {}
    for office in offices:
        for label in dict.fromkeys((office.code, office.name, *office.aliases)):
            other = first.setdefault(label, office)
            related = other.code in heirs[office.code] or office.code in heirs[other.code]
            if other.code != office.code and not related:
                yield error(
                    "ambiguous_label",
                    office.line,
                    Sentence(
                        f"“{label}”也是 {other.code}（第 {other.line} 行）的名称",
                        f"{label!r} is also a name of {other.code} (line {other.line})",
                    ),
                    Sentence(
                        "删去其中一个；若是承接关系，在旧单位写 successors",
                        "Take it away from one of them; or name the one as successor of the other",
                    ),
                )
