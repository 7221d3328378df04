"""What a charter makes of a ticket, as the members of an answer. By hand: the writer takes half the time over dicts."""

from typing import Any

from models.charter.route import Party, Resolution, Route, Sentence


def resolved(resolution: Resolution) -> dict[str, Any]:
    """Make the members of the answer to a client that are the charter's, in their order."""
    urgency, charter = resolution.urgency, resolution.charter
    return {
        "kind": resolution.kinds,
        "route": _route(resolution.route),
        "urgency": {
            "level": urgency.level,
            "rule": urgency.rule,
            "name": urgency.name,
            "action": urgency.action,
            "field": urgency.field,
            "start": urgency.start,
            "end": urgency.end,
        },
        "due": [
            {
                "step": each.step,
                "at": each.at,
                "basis": each.basis,
                "provisional": each.provisional,
                "local": each.local,
            }
            for each in resolution.due
        ],
        "charter": {"name": charter.name, "version": charter.version},
    }


def _route(route: Route) -> dict[str, Any]:
    place = route.place
    return {
        "state": route.state,
        "lead": _party(route.lead),
        "assisting": [_party(each) for each in route.assisting],
        "departments": [_party(each) for each in route.departments],
        "tracks": [{"kind": each.kind, "lead": _party(each.lead), "rule": each.rule} for each in route.tracks],
        "place": place
        and {
            "station": place.station,
            "name": place.name,
            "field": place.field,
            "start": place.start,
            "end": place.end,
        },
        "basis": [_sentence(each) for each in route.basis],
        "needs": [_sentence(each) for each in route.needs],
        "look_at": [_sentence(each) for each in route.look_at],
    }


def _party(party: Party | None) -> dict[str, Any] | None:
    return None if party is None else {"code": party.code, "name": party.name, "confidence": party.confidence}


def _sentence(sentence: Sentence) -> dict[str, Any]:
    return {"zh": sentence.zh, "en": sentence.en}
