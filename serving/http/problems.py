"""The one table from errors to HTTP, and the one shape of an error: problem+json (RFC 9457).

`type` is a URN of the `code`, which is what programs should look at; `title` and `detail` are for people.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict

from auditing.errors import (
    MayNotForward,
    ReasonIncomplete,
    ReasonMissing,
    RecordRefused,
    StoreUnavailable,
    TextRemoved,
    TicketReturned,
    UnknownPrediction,
    UnknownReason,
)
from serving.refusals import (
    BadRequest,
    BodyTooLarge,
    EmptyText,
    Forbidden,
    NoCharter,
    NoModel,
    NoSuchPage,
    RegistryAway,
    SchemaInvalid,
    TextTooLong,
    Unauthenticated,
    UnknownDomain,
    UnknownPlace,
    UnsupportedBody,
    VersionRefused,
    WrongMethod,
)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """What HTTP makes of a class of errors. Without a `detail`, the error's own message is the detail."""

    status: int
    code: str
    title: str
    detail: str = ""
    retry_after: int | None = None


INTERNAL = Kind(
    500,
    "INTERNAL",
    "服务内部错误 | internal error",
    "服务内部错误，已记录。请把 request_id 交给管理员。 | an internal error was logged; give request_id to the administrator.",
)

KINDS: Mapping[type[Exception], Kind] = {
    EmptyText: Kind(422, "EMPTY_TEXT", "投诉内容为空 | empty text"),
    TextTooLong: Kind(422, "TEXT_TOO_LONG", "投诉内容过长 | text too long"),
    SchemaInvalid: Kind(422, "SCHEMA_INVALID", "请求体不符合接口要求 | invalid body"),
    BodyTooLarge: Kind(413, "BODY_TOO_LARGE", "请求体过大 | body too large"),
    UnsupportedBody: Kind(415, "UNSUPPORTED_MEDIA_TYPE", "请求体格式不受支持 | unsupported body"),
    Unauthenticated: Kind(401, "UNAUTHENTICATED", "未提供有效密钥 | no valid key"),
    Forbidden: Kind(403, "FORBIDDEN", "权限不足 | scope missing"),
    NoModel: Kind(503, "NO_MODEL", "模型尚未就绪 | no model", retry_after=5),
    NoCharter: Kind(503, "NO_CHARTER", "章程无法读取 | no charter", retry_after=5),
    UnknownDomain: Kind(422, "DOMAIN_UNKNOWN", "没有这个领域 | no such domain"),
    UnknownPlace: Kind(422, "PLACE_UNKNOWN", "没有这个所 | no such station"),
    VersionRefused: Kind(409, "VERSION_REFUSED", "新版本未通过校验 | the version failed its checks"),
    RegistryAway: Kind(503, "REGISTRY_UNAVAILABLE", "模型登记库无响应 | the registry is away", retry_after=10),
    StoreUnavailable: Kind(
        503,
        "STORE_UNAVAILABLE",
        "案例日志暂不可用 | case log unavailable",
        "案例日志暂不可用，本次未作答复，请稍后重试；重复提交是安全的。 | "
        "the case log is unavailable and nothing was answered; retry later, to repeat a request is safe.",
        retry_after=2,
    ),
    UnknownPrediction: Kind(404, "NOT_FOUND", "没有这个预测 | no such prediction"),
    TextRemoved: Kind(410, "TEXT_REMOVED", "文本已过保存期限 | texts were kept no longer"),
    TicketReturned: Kind(503, "TICKET_CHANGED", "工单状态刚刚改变 | the ticket has just changed", retry_after=1),
    ReasonMissing: Kind(422, "REASON_MISSING", "退单缺少原因 | a return without a reason"),
    UnknownReason: Kind(422, "REASON_UNKNOWN", "没有这个退回原因 | no such reason"),
    ReasonIncomplete: Kind(422, "REASON_INCOMPLETE", "退回原因须补充 | the reason needs more"),
    MayNotForward: Kind(422, "MAY_NOT_FORWARD", "科室不得转派 | an office may not forward"),
    NoSuchPage: Kind(404, "NOT_FOUND", "没有这个地址 | no such address"),
    WrongMethod: Kind(405, "METHOD_NOT_ALLOWED", "方法不允许 | method not allowed"),
    BadRequest: Kind(400, "BAD_REQUEST", "无法理解的请求 | bad request"),
    RecordRefused: INTERNAL,
}
"""Every error that may reach a client; what is not here is INTERNAL."""


class FaultModel(BaseModel):
    """One thing wrong with a body."""

    field: str
    what: str
    remedy: str


class Problem(BaseModel):
    """An error, RFC 9457."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[FaultModel] | None = None


def kind_of(error: Exception) -> Kind:
    """Look `error` up in the table."""
    return KINDS.get(type(error), INTERNAL)


def describe(error: Exception, request_id: str) -> dict[str, Any]:
    """Make the members of the problem: no trace, no path, no value of the request."""
    kind = kind_of(error)
    members: dict[str, Any] = {
        "type": f"urn:paidan:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
        "detail": kind.detail or str(error),
        "request_id": request_id,
    }
    if isinstance(error, SchemaInvalid):
        members["errors"] = [asdict(fault) for fault in error.faults]
    return members


def render(error: Exception, request_id: str, *, retry_after: float | None = None) -> tuple[int, dict[str, str], bytes]:
    """Make status, headers and body of the answer to `error`; `retry_after` in seconds where it is known better."""
    kind = kind_of(error)
    headers = {"content-type": MEDIA_TYPE, "cache-control": "no-store"}
    if kind.retry_after is not None:
        headers["retry-after"] = str(max(1, round(retry_after if retry_after is not None else kind.retry_after)))
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, WrongMethod):
        headers["allow"] = error.allowed
    return kind.status, headers, orjson.dumps(describe(error, request_id))


def documented(*errors: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """Describe, for /openapi.json, the problems that a route may answer with; INTERNAL always."""
    kinds: dict[int, list[Kind]] = {}
    for kind in [*(KINDS[error] for error in errors), INTERNAL]:
        kinds.setdefault(kind.status, []).append(kind)
    # one for all: pydantic makes it anew each time, and a start describes ten routes
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema(ref_template="#/components/schemas/{model}")}}
    return {
        status: {"description": "; ".join(f"{kind.code}: {kind.title}" for kind in group), "content": content}
        for status, group in sorted(kinds.items())
    }
