"""Offices that are named to lead and cannot, and what becomes of an office's work after its end."""

from collections.abc import Iterator, Sequence
from datetime import date

from models.charter.articles import STATION, Charter, Office, OfficeKind, Responsibility
from models.charter.checks.days import after, days_of_change
from models.charter.division import Division
from models.charter.finding import Finding, error, warning
from models.charter.route import Sentence


def lead_findings(charter: Charter, on: date) -> Iterator[Finding]:
    """Find leads that are closed, split, no leads by their kind or missing, on `on` or a later day."""
    divisions = [(day, Division(charter, day)) for day in days_of_change(charter, on)]
    for rule in charter.responsibilities:
        told: set[str] = set()
        for day, division in divisions:
            if rule.validity.holds(day):
                for finding in _on_day(rule, day, division, charter):
                    if finding.code not in told:
                        told.add(finding.code)
                        yield finding
    yield from _successions(charter)
    yield from _idle(charter, divisions)


def _on_day(rule: Responsibility, day: date, division: Division, charter: Charter) -> Iterator[Finding]:
    named = [rule.lead] if rule.lead != STATION else []
    if rule.lead == STATION and rule.without_place is not None:
        named.append(rule.without_place)
    elif rule.lead == STATION and not _has_centre(charter, day):
        yield _nobody_without_place(rule)
    for code in named:
        yield from _unfit(rule, code, day, division)
    for place in rule.places:
        if division.office(place) and len(division.today(place)) != 1:
            yield _unclear(rule, place, division.today(place), day)


def _unfit(rule: Responsibility, code: str, day: date, division: Division) -> Iterator[Finding]:
    if division.office(code) is None:
        return  # told as an unknown code
    codes = division.today(code)
    if len(codes) != 1:
        yield _unclear(rule, code, codes, day)
        return
    lead = division.office(codes[0])
    assert lead is not None
    if lead.kind is OfficeKind.SUPPORT:
        yield error(
            "support_leads",
            rule.line,
            Sentence(
                f"{rule.code} 由 {lead.code} {lead.name} 主办，它不直接派单", f"{rule.code}: {lead.code} never leads"
            ),
            Sentence("换一个主办，或改它的 kind", "Name another lead, or mend its kind"),
        )
    elif lead.kind is OfficeKind.EXTERNAL and rule.lead == STATION:
        yield error(
            "external_holds",
            rule.line,
            Sentence(
                f"{rule.code} 属地未明时由外部的 {lead.code} 先接",
                f"{rule.code}: {lead.code} outside holds what has no place",
            ),
            Sentence("without_place 写本局的单位", "Name an office of the bureau for without_place"),
        )
    elif lead.kind is OfficeKind.EXTERNAL and rule.assisting == () and rule.basis == "":
        yield warning(
            "external_leads",
            rule.line,
            Sentence(f"{rule.code} 转出本局，没有写依据", f"{rule.code} leads out of the bureau on no basis"),
            Sentence("写明 basis", "Name the basis"),
        )


def _unclear(rule: Responsibility, code: str, codes: Sequence[str], day: date) -> Finding:
    if codes:
        return error(
            "split_undecided",
            rule.line,
            Sentence(
                f"{rule.code} 写的 {code} 在 {day} 已拆分为 {'、'.join(codes)}，分不清归谁",
                f"{rule.code} names {code}, which is split into {', '.join(codes)} on {day}: it does not say whose it is",
            ),
            Sentence(
                "给这条写 until，再为各承接单位各写一条（按业务域、类型、情形或属地分开）",
                "End this rule, and write one for each successor, told apart by domain, kind, condition or place",
            ),
        )
    return error(
        "retired",
        rule.line,
        Sentence(
            f"{rule.code} 写的 {code} 在 {day} 不存在，也没有承接单位",
            f"{rule.code} names {code}, gone on {day}, with no successor",
        ),
        Sentence("在该单位写 successors，或改这条", "Name its successors, or mend this rule"),
    )


def _nobody_without_place(rule: Responsibility) -> Finding:
    return error(
        "no_holder",
        rule.line,
        Sentence(f"{rule.code} 属地未明时没有人接", f"{rule.code}: nobody has what names no place"),
        Sentence("写 without_place，或定义一个“中心”", "Name without_place, or define a centre (中心)"),
    )


def _has_centre(charter: Charter, day: date) -> bool:
    return any(office.kind is OfficeKind.CENTRE and office.validity.holds(day) for office in charter.offices)


def _successions(charter: Charter) -> Iterator[Finding]:
    offices = {office.code: office for office in charter.offices}
    for office in charter.offices:
        if office.successors and office.validity.until is None:
            yield warning(
                "successors_without_end",
                office.line,
                Sentence(f"{office.code} 写了承接单位，没有写终止日期", f"{office.code} has successors and no end"),
                Sentence("写 until（最后一天）", "Name its last day: until"),
            )
        if _leads_back(office, offices):
            yield error(
                "successors_loop",
                office.line,
                Sentence(f"{office.code} 的承接关系绕回自己", f"the successors of {office.code} lead back to it"),
                Sentence("去掉其中一环", "Break the circle"),
            )
        for code in office.successors:
            heir = offices.get(code)
            if heir and office.validity.until and not heir.validity.holds(after(office.validity.until)):
                yield warning(
                    "late_successor",
                    office.line,
                    Sentence(
                        f"{office.code} 撤销的次日，承接单位 {code} 不在有效期内",
                        f"on the day after the end of {office.code} its successor {code} is not in force",
                    ),
                    Sentence("让两者的日期衔接", "Let the days of the two meet"),
                )


def _leads_back(office: Office, offices: dict[str, Office]) -> bool:
    seen: set[str] = set()
    ahead = list(office.successors)
    while ahead:
        code = ahead.pop()
        if code == office.code:
            return True
        if code not in seen and code in offices:
            seen.add(code)
            ahead += offices[code].successors
    return False


def _idle(charter: Charter, divisions: Sequence[tuple[date, Division]]) -> Iterator[Finding]:
    """Line and enforcement offices that no rule in force ever names; stations have theirs by territory."""
    busy: set[str] = set()
    for day, division in divisions:
        for rule in charter.responsibilities:
            if rule.validity.holds(day):
                named = (rule.lead, *rule.assisting, *([rule.without_place] if rule.without_place else ()))
                busy.update(code for label in named for code in division.today(label))
    for office in charter.offices:
        serving = any(office.validity.holds(day) for day, _ in divisions)
        if serving and office.kind in {OfficeKind.LINE, OfficeKind.ENFORCEMENT} and office.code not in busy:
            yield warning(
                "idle_office",
                office.line,
                Sentence(f"{office.code} {office.name} 没有任何条款", f"no rule names {office.code}"),
                Sentence("补一条职责，或把 kind 改为支持", "Give it a responsibility, or make it 支持 (support)"),
            )
