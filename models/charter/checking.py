"""All that is wrong with a charter, asked before it is activated."""

from collections.abc import Iterable
from datetime import date
from itertools import chain

from models.charter.articles import Charter
from models.charter.checks.cells import cell_findings
from models.charter.checks.codes import code_findings
from models.charter.checks.leads import lead_findings
from models.charter.checks.limits import limit_findings
from models.charter.checks.places import place_findings
from models.charter.finding import Finding

__all__ = ["Finding", "check", "errors_of"]


def check(charter: Charter, on: date) -> tuple[Finding, ...]:
    """Return what is wrong with `charter` on the day `on` and on later days, in the order of lines.

    What only was wrong on days before is history and not told.
    """
    found = chain(
        code_findings(charter),
        cell_findings(charter, on),
        lead_findings(charter, on),
        place_findings(charter, on),
        limit_findings(charter),
    )
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: (finding.line, finding.severity, finding.code)))


def errors_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return those that keep a charter from being activated."""
    return tuple(finding for finding in findings if finding.severity == "error")
