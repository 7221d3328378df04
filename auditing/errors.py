"""What can go wrong in the case log.

AuditingError
├── StoreUnavailable     the database is away, locked, full or damaged: try again later
├── StoreUnsuitable      the URL names a store that cannot keep a log
├── RecordRefused        one record, and only that one, could not be stored
├── UnknownPrediction    no such prediction in the log
├── CaseNotReady         the prediction is in the log, its case is still being made: look again
├── TextRemoved          retention has emptied the prediction's texts
├── TicketReturned       an office returned the ticket while it was being answered: answer anew
├── ReasonMissing        a return without a reason
├── UnknownReason        a reason code that is not on the list
├── ReasonIncomplete     a return whose reason calls for more
├── MayNotForward        an office passes a ticket on instead of returning it
├── MayNotRule           a review that takes a higher role
├── ReviewIncomplete     a review that leaves out what it is about
├── RetentionTooShort    texts would go that are still being worked on
├── UnknownEvent         nothing of that number that this review could take back
└── DigestKeyUnusable    the secret behind content digests cannot be read or made

Messages are for operators, Chinese first. They name places and remedies, never the text of a complaint.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any


class AuditingError(Exception):
    """Any error of this package."""


class StoreUnavailable(AuditingError):
    """The store cannot take or give records now; nothing that was answered before is lost."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"案例日志暂不可用：{reason}。请检查数据库、磁盘空间与文件权限，恢复后重试即可，已答复的记录不受影响。 | "
            f"The case log is unavailable: {reason}. Check the database, the disk and its permissions, then retry; "
            "no answered record is lost."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross from one process to another as what it was made of."""
        return type(self), (self.reason,)


class StoreUnsuitable(AuditingError):
    """The database URL names something that would forget."""

    def __init__(self, url: str, why: str) -> None:
        self.url = url
        self.why = why
        super().__init__(
            f"数据库地址 {url} 不能用作案例日志：{why}。请改用文件（sqlite:///目录/caselog.db）或数据库服务器。 | "
            f"{url} cannot hold the case log: {why}. Use a file (sqlite:///folder/caselog.db) or a database server."
        )


class RecordRefused(AuditingError):
    """The store works, but will not take this record; the others of its group were stored."""

    def __init__(self, prediction_id: str, kind: str) -> None:
        self.prediction_id = prediction_id
        self.kind = kind
        super().__init__(
            f"记录 {prediction_id} 未能写入案例日志（{kind}），同批其他记录已写入。请把编号交给管理员。 | "
            f"record {prediction_id} was refused by the case log ({kind}); others of its group were stored. "
            "Give its id to the administrator."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross from one process to another as what it was made of."""
        return type(self), (self.prediction_id, self.kind)


class UnknownPrediction(AuditingError):
    """The log has no prediction with this id."""

    def __init__(self, prediction_id: str) -> None:
        self.prediction_id = prediction_id
        super().__init__(
            "案例日志中没有这个 prediction_id，请核对答复中返回的编号。 | "
            "the case log has no such prediction_id; use the one that the answer carried."
        )


class CaseNotReady(AuditingError):
    """The prediction is in the log, but its case has not been made yet."""

    def __init__(self, prediction_id: str) -> None:
        self.prediction_id = prediction_id
        super().__init__(
            "该预测已入日志，案件仍在整理中，请稍候刷新。 | "
            "the prediction is in the log and its case is still being made; look again in a moment."
        )


class TextRemoved(AuditingError):
    """The prediction is in the log, but its texts were kept no longer."""

    def __init__(self, prediction_id: str) -> None:
        self.prediction_id = prediction_id
        super().__init__(
            "该预测的文本已超过保存期限，按规定清除；编号、结论与摘要仍在。 | "
            "the texts of this prediction have passed their retention time; its id, answer codes and digests remain."
        )


class TicketReturned(AuditingError):
    """An office returned the ticket, or may have it again, since the answer was made: make it anew."""

    def __init__(self, prediction_id: str) -> None:
        self.prediction_id = prediction_id
        super().__init__(
            f"工单 {prediction_id} 在答复期间有新的退单或复核，请重新提交。 | "
            f"ticket {prediction_id} was returned or reviewed while it was being answered; ask again."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross from one process to another as what it was made of."""
        return type(self), (self.prediction_id,)


class ReasonMissing(AuditingError):
    """A return names no reason."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(known)
        listed = ", ".join(self.known)
        super().__init__(
            f"退单必须填写退回原因 reason_code；可用：{listed}。 | a return needs a reason_code, one of: {listed}."
        )


class UnknownReason(AuditingError):
    """A reason code that is not on the list."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = tuple(known)
        listed = ", ".join(self.known)
        super().__init__(f"reason_code 不在退回原因表中；可用：{listed}。 | reason_code is not on the list: {listed}.")


class ReasonIncomplete(AuditingError):
    """A return whose reason calls for `field` too."""

    def __init__(self, reason_code: str, field: str) -> None:
        self.reason_code = reason_code
        self.field = field
        super().__init__(
            f"退回原因 {reason_code} 必须同时填写 {field}。 | a return for {reason_code} needs the field {field} too."
        )


class MayNotForward(AuditingError):
    """An office passes a ticket on; it may return it, and the centre assigns it."""

    def __init__(self) -> None:
        super().__init__(
            "科室不得自行转派：请退回中心（status=returned），由中心（actor 为 centre 或 centre:姓名）改派。 | "
            "an office may not forward a ticket: return it (status=returned), and the centre (actor centre or "
            "centre:name) reroutes it."
        )


class MayNotRule(AuditingError):
    """A review that takes a higher role than `role`."""

    def __init__(self, role: str, needed: str) -> None:
        self.role = role
        self.needed = needed
        super().__init__(f"{role} 无权作此结论，需要 {needed}。 | a {role} may not do this; it takes a {needed}.")


class ReviewIncomplete(AuditingError):
    """A review leaves out what it is about."""

    def __init__(self, status: str, needs: str) -> None:
        self.status = status
        self.needs = needs
        super().__init__(f"复核 {status} 需要填写 {needs}。 | a review {status} needs {needs}.")


class RetentionTooShort(AuditingError):
    """Texts would be removed that are still being worked on."""

    def __init__(self, days: int, shortest: int) -> None:
        self.days = days
        self.shortest = shortest
        super().__init__(
            f"保存期限 {days} 天过短，至少 {shortest} 天。 | {days} days are too short; keep texts for at least {shortest}."
        )


class UnknownEvent(AuditingError):
    """The prediction has no event of this number."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        super().__init__(f"该预测没有编号为 {seq} 的记录可撤销。 | this prediction has no entry {seq} to take back.")


class DigestKeyUnusable(AuditingError):
    """The secret that content digests are keyed with cannot be read or made."""

    def __init__(self, path: Path, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(
            f"摘要密钥文件 {path} 不可用：{why}。请从备份恢复；若无备份可删除该文件重新生成（旧工单的重复提交将不再被识别）。 | "
            f"the digest key {path} is unusable: {why}. Restore it from a backup, or delete it to have a new one made "
            "(retries of earlier tickets are then no longer recognised)."
        )
