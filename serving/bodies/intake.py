"""From the bytes of a request to complaints, or to a reason that names field, fault and remedy."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from features.complaint import MAX_TEXT_LENGTH, Complaint
from features.privacy import mask, personal_spans
from models.charter.articles import Request
from models.prediction import made
from serving.bodies.faults import SURROGATE, body_fault, duplicate_field, explain, fault
from serving.bodies.schemas import MAX_BATCH_ITEMS, PredictRequest
from serving.bodies.schemas_route import RouteRequest
from serving.refusals import EmptyText, Refusal, SchemaInvalid, TextTooLong

CHINA = timezone(timedelta(hours=8))
"""The one offset of all intake systems; taken where `received_at` names none."""

_FIELDS = tuple(PredictRequest.model_fields)
_NAMES = {*_FIELDS, *RouteRequest.model_fields, "items"}
_BLANK = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u3000\u2028\u2029\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u200b\u200c\u200d\u2060\ufeff\xad"
_BOM = b"\xef\xbb\xbf"
# a name that people give to a field; anything else might be a value in the wrong place
_FIELD_NAME = re.compile(r"[^\W\d][\w.-]{0,39}")
_MAX_WARNINGS = 10
_Schema = TypeVar("_Schema", PredictRequest, RouteRequest)


class Asked(NamedTuple):
    """What is to be resolved without a model: a domain, place and kinds where they are known, and what else is known.

    The complaint is masked already.
    """

    domain: str
    place: str | None
    kinds: tuple[Request, ...]
    complaint: Complaint
    warnings: tuple[str, ...]


class Intake(NamedTuple):
    """A complaint that can be triaged, and what was odd about its request."""

    complaint: Complaint
    warnings: tuple[str, ...]


def read_one(body: bytes) -> Intake:
    """Read the body of a single request.

    Raises:
        SchemaInvalid, EmptyText, TextTooLong: what is wrong, without a value of the request.

    """
    return _accept(_validated(body, PredictRequest))


def read_asked(body: bytes) -> Asked:
    """Read the body of a request for a route.

    Raises:
        SchemaInvalid, TextTooLong: what is wrong, without a value of the request.

    """
    request = _validated(body, RouteRequest)
    texts = {name: getattr(request, name) or "" for name in ("text", "title", "merchant", "address")}
    _check_texts(texts)
    received_at, warnings = _moment(request.received_at)
    masked = {name: mask(value, personal_spans(value)) for name, value in texts.items()}
    return Asked(
        request.domain,
        request.place,
        tuple(map(Request, dict.fromkeys(request.kind or ()))),
        Complaint(**masked, received_at=received_at),
        name_unknown(request.model_extra or {}) + warnings,
    )


def read_many(body: bytes) -> list[Intake | Refusal]:
    """Read the body of a batch: per item an intake, or the reason why this one item has none.

    Raises:
        SchemaInvalid: the body is no object with a list `items` of at most `MAX_BATCH_ITEMS`.

    """
    items = _items(body)
    return [_read_item(item) for item in items]


def _items(body: bytes) -> Sequence[Any]:
    try:
        text = body.removeprefix(_BOM).decode()
    except UnicodeDecodeError:
        raise SchemaInvalid((body_fault("encoding"),)) from None
    try:
        # the standard parser lets half of a surrogate pair pass, so that it can be held against its own item
        document = json.loads(text, object_pairs_hook=_remember_duplicates, parse_int=_parse_int)
    except RecursionError:
        raise SchemaInvalid((body_fault("nesting"),)) from None
    except ValueError:
        raise SchemaInvalid((body_fault("json"),)) from None
    if not isinstance(document, dict):
        raise SchemaInvalid((body_fault("object"),))
    items = document.get("items")
    if not isinstance(items, list) or _DUPLICATE in document:
        raise SchemaInvalid((fault("items", "list"),))
    if len(items) > MAX_BATCH_ITEMS:
        raise SchemaInvalid((fault("items", "too_many", limit=MAX_BATCH_ITEMS),))
    return items


def _read_item(item: object) -> Intake | Refusal:
    try:
        if isinstance(item, dict) and _DUPLICATE in item:
            raise SchemaInvalid((duplicate_field(str(item[_DUPLICATE])),))
        request = PredictRequest.model_validate(item)
        for name in _FIELDS:
            # pydantic does not look into a string that Python has made
            if isinstance(value := getattr(request, name), str) and SURROGATE.search(value):
                raise SchemaInvalid((fault(name, "string_unicode"),))
        return _accept(request)
    except ValidationError as error:
        return SchemaInvalid(explain(error))
    except Refusal as refusal:
        return refusal


def _validated(body: bytes, schema: type[_Schema]) -> _Schema:
    # systems on Windows put a byte order mark first; RFC 8259 lets a reader skip it
    if body.startswith(_BOM):
        body = body[3:]
    try:
        request = schema.model_validate_json(body)
    except ValidationError as error:
        raise SchemaInvalid(explain(error) if _is_utf8(body) else (body_fault("encoding"),)) from None
    # as many colons after a quote as there are members: no member can be there twice, and nearly every body is so
    if body.count(b'":') != len(request.model_fields_set):
        json.loads(body, object_pairs_hook=_refuse_duplicates, parse_int=_parse_int)
    return request


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _accept(request: PredictRequest) -> Intake:
    text = request.text
    if not text.strip(_BLANK):
        raise EmptyText
    title, merchant, address = request.title or "", request.merchant or "", request.address or ""
    _check_texts({"text": text, "title": title, "merchant": merchant, "address": address})
    received_at, warnings = _moment(request.received_at)
    if request.model_extra:
        warnings = name_unknown(request.model_extra) + warnings
    complaint = Complaint(text, title, merchant, address, request.source, request.ticket_id, received_at)
    return made(Intake, (complaint, warnings))


def _check_texts(texts: Mapping[str, str]) -> None:
    if len(texts["text"]) > MAX_TEXT_LENGTH:
        raise TextTooLong(len(texts["text"]), MAX_TEXT_LENGTH)
    if "\0" in "".join(texts.values()):
        name = next(name for name, value in texts.items() if "\0" in value)
        raise SchemaInvalid((fault(name, "nul"),))


def _moment(received_at: datetime | None) -> tuple[datetime | None, tuple[str, ...]]:
    if received_at is not None and received_at.tzinfo is None:
        return received_at.replace(tzinfo=CHINA), ("received_at_without_offset",)
    return received_at, ()


def name_unknown(extra: dict[str, Any]) -> tuple[str, ...]:
    """Make a warning of each field that nobody asked for; what has no name of a field may be a value, and is not told."""
    names = [f":{name}" if _FIELD_NAME.fullmatch(name) and not SURROGATE.search(name) else "" for name in extra]
    return tuple(f"unknown_field{name}" for name in dict.fromkeys(names[:_MAX_WARNINGS]))


# no JSON text can hold this key, because it is no string
_DUPLICATE: Any = object()


def _find_duplicate(pairs: Sequence[tuple[str, Any]]) -> str | None:
    seen = set()
    for name, _ in pairs:
        if name in seen and name in _NAMES:
            return name
        seen.add(name)
    return None


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    name = _find_duplicate(pairs)
    if name is not None:
        raise SchemaInvalid((duplicate_field(name),))
    return dict(pairs)


def _remember_duplicates(pairs: list[tuple[str, Any]]) -> dict[Any, Any]:
    document: dict[Any, Any] = dict(pairs)
    if len(document) < len(pairs) and (name := _find_duplicate(pairs)) is not None:
        document[_DUPLICATE] = name
    return document


def _parse_int(digits: str) -> int:
    # no field takes a number, so a long one need not be exact, and Python refuses to read very long ones
    return int(digits[:20])
