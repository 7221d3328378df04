"""What a charter makes of a ticket, as the members of an answer. By hand: the writer takes half the time over dicts.

Named tuples are taken apart at once: to ask one for a single value takes longer than to get all of them.
"""

from collections.abc import Sequence
from typing import Any

from models.charter.route import Party, Resolution, Route, Sentence


def resolved(resolution: Resolution) -> dict[str, Any]:
    """Make the members of the answer to a client that are the charter's, in their order."""
    charter, kinds, route, urgency, due = resolution
    level, rule, name, action, field, start, end = urgency
    return {
        "kind": kinds,
        "route": _route(route),
        "urgency": {
            "level": level,
            "rule": rule,
            "name": name,
            "action": action,
            "field": field,
            "start": start,
            "end": end,
        },
        "due": [
            {"step": step, "at": at, "basis": basis, "provisional": provisional, "local": local}
            for step, at, basis, provisional, local in due
        ],
        "charter": {"name": charter.name, "version": charter.version},
    }


def _route(route: Route) -> dict[str, Any]:
    state, lead, assisting, departments, tracks, place, basis, needs, look_at = route
    return {
        "state": state,
        "lead": _party(lead),
        "assisting": _parties(assisting),
        "departments": _parties(departments),
        "tracks": [{"kind": kind, "lead": _party(its_lead), "rule": rule} for kind, its_lead, rule in tracks],
        "place": place
        and {
            "station": place.station,
            "name": place.name,
            "field": place.field,
            "start": place.start,
            "end": place.end,
        },
        "basis": _sentences(basis),
        "needs": _sentences(needs),
        "look_at": _sentences(look_at),
    }


def _party(party: Party | None) -> dict[str, Any] | None:
    if party is None:
        return None
    code, name, confidence = party
    return {"code": code, "name": name, "confidence": confidence}


def _parties(parties: Sequence[Party]) -> list[dict[str, Any]]:
    if not parties:
        return []
    return [{"code": code, "name": name, "confidence": confidence} for code, name, confidence in parties]


def _sentences(sentences: Sequence[Sentence]) -> list[dict[str, Any]]:
    return [{"zh": zh, "en": en} for zh, en in sentences] if sentences else []
