"""Why a request is not answered. What HTTP makes of it is written in serving/http/problems.py.

Refusal
├── EmptyText         there is nothing to triage
├── TextTooLong       more characters than a complaint may have
├── SchemaInvalid     the body is not what the interface asks for
├── BodyTooLarge      more bytes than are read
├── UnsupportedBody   not plain JSON: another media type, or compressed
├── Unauthenticated   no API key, or none that is known
├── Forbidden         the key lacks the scope
├── NoModel           no model is loaded yet
├── NoCharter         the charter in force cannot be read
├── UnknownDomain     a domain that the charter in force does not have
├── UnknownPlace      a station that the charter in force does not have
├── VersionRefused    the version that the alias names failed its checks
├── RegistryAway      nobody can tell which version the alias names
├── NoSuchPage        no such address
├── WrongMethod       the address exists, the method does not
└── BadRequest        anything else that the client has to mend

Messages reach the client, Chinese first. They never repeat a value of the request: it may be personal.
"""

from dataclasses import dataclass

from auditing.people.keys import Scope


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a body: which field, what is wrong, and what to do."""

    field: str
    what: str
    remedy: str


class Refusal(Exception):
    """Any reason not to answer."""


class EmptyText(Refusal):
    """`text` is blank."""

    def __init__(self) -> None:
        super().__init__(
            "text 为空或只有空白字符，请填写投诉内容。 | text is empty or blank; send what the citizen said."
        )


class TextTooLong(Refusal):
    """`text` has too many characters."""

    def __init__(self, length: int, limit: int) -> None:
        self.length = length
        self.limit = limit
        super().__init__(
            f"text 有 {length} 个字符，上限为 {limit}。请只发送诉求正文，不要附带附件或往来记录。 | "
            f"text has {length} characters, at most {limit} are taken. Send the complaint itself, without attachments."
        )


class SchemaInvalid(Refusal):
    """The body does not fit the schema, in at least one place."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        fields = ", ".join(dict.fromkeys(fault.field for fault in faults))
        super().__init__(
            f"请求体不符合接口要求：{fields}，详见 errors。 | the body is not valid: {fields}; see errors."
        )


class BodyTooLarge(Refusal):
    """The body has too many bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"请求体超过 {limit} 字节，请拆分后再发。 | the body has more than {limit} bytes; send less at a time."
        )


class UnsupportedBody(Refusal):
    """The body is not plain JSON."""

    def __init__(self, header: str) -> None:
        self.header = header
        super().__init__(
            f"{header} 不受支持。请发送未压缩的 UTF-8 JSON，Content-Type: application/json。 | "
            f"{header} is not supported; send uncompressed UTF-8 JSON with Content-Type: application/json."
        )


class Unauthenticated(Refusal):
    """No key, or none that is known."""

    def __init__(self) -> None:
        super().__init__(
            "缺少有效的 API 密钥。请在 Authorization: Bearer pd_… 或 X-API-Key 中提供；密钥由 paidan keys create 建立。 | "
            "no valid API key; send Authorization: Bearer pd_… or X-API-Key, made with: paidan keys create"
        )


class Forbidden(Refusal):
    """The key `key_id` is known but may not do this."""

    def __init__(self, needed: Scope, key_id: str) -> None:
        self.needed = needed
        self.key_id = key_id
        super().__init__(
            f"此密钥没有 {needed} 权限，请向管理员申请。 | this key lacks the scope {needed}; ask an administrator."
        )


class NoModel(Refusal):
    """Nothing to answer with yet."""

    def __init__(self) -> None:
        super().__init__(
            "模型尚未就绪：正在加载，或还没有发布版本（paidan models promote）。请稍后重试。 | "
            "no model is ready: it is loading, or none was promoted (paidan models promote). Retry later."
        )


class NoCharter(Refusal):
    """The charter in force cannot be read, and no other one stands in for it."""

    def __init__(self) -> None:
        super().__init__(
            "生效中的章程无法读取，原因见服务日志；请启用另一个版本（paidan charter activate / rollback）。 | "
            "the charter in force cannot be read, the service's log says why; put another one into force (paidan charter "
            "activate or rollback)."
        )


class UnknownDomain(Refusal):
    """A domain that the charter in force does not have."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self.known = known
        listed = ", ".join(known)
        super().__init__(f"domain 不在现行章程中；可用：{listed}。 | domain is not in the charter in force: {listed}.")


class UnknownPlace(Refusal):
    """A station that the charter in force does not have on the day."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self.known = known
        listed = ", ".join(known)
        super().__init__(f"place 不是当日有效的所；可用：{listed}。 | place is no station of the day: {listed}.")


class VersionRefused(Refusal):
    """The version that the alias names failed its checks; the one before goes on answering."""

    def __init__(self, version: str | None, live: str | None) -> None:
        self.version = version
        self.live = live
        super().__init__(
            f"版本 {version or '?'} 未通过校验，继续使用 {live or '-'}。请改用其他版本（paidan models promote / rollback），"
            "原因见服务日志。 | "
            f"version {version or '?'} failed its checks, {live or '-'} goes on answering; name another one (paidan models "
            "promote or rollback); the service's log says why."
        )


class RegistryAway(Refusal):
    """Nobody can tell which version the alias names; the live one goes on answering."""

    def __init__(self, live: str | None) -> None:
        self.live = live
        super().__init__(
            f"模型登记库无响应，继续使用 {live or '-'}。请检查登记库后重试。 | "
            f"the model registry does not answer, {live or '-'} goes on answering; check the registry, then retry."
        )


class NoSuchPage(Refusal):
    """No such address."""

    def __init__(self) -> None:
        super().__init__("没有这个地址，接口见 /openapi.json。 | no such address; see /openapi.json.")


class WrongMethod(Refusal):
    """The address does not take this method; `allowed` is what it takes."""

    def __init__(self, allowed: str) -> None:
        self.allowed = allowed
        super().__init__(f"此地址只接受 {allowed}。 | this address takes {allowed} only.")


class BadRequest(Refusal):
    """The request cannot be understood."""

    def __init__(self) -> None:
        super().__init__(
            "无法理解该请求，接口见 /openapi.json。 | the request cannot be understood; see /openapi.json."
        )
