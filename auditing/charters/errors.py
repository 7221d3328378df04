"""What can go wrong with the charters that are kept.

AuditingError
├── UnknownCharter       no charter of that number
├── CharterRefused       its check finds errors: it cannot be put into force
├── ChangeUnexplained    a charter is changed without a reason
├── CharterChanged       somebody else has changed the charter meanwhile
└── NoEarlierCharter     nothing to roll back to
"""

from collections.abc import Iterable, Sequence

from auditing.errors import AuditingError
from models.charter.finding import Finding, in_words

_SHOWN = 5


class UnknownCharter(AuditingError):
    """There is no charter of this number."""

    def __init__(self, number: int, known: Iterable[int]) -> None:
        self.number = number
        self.known = tuple(known)
        listed = ", ".join(map(str, self.known)) or "–"
        super().__init__(f"没有编号为 {number} 的章程；现有：{listed}。 | no charter {number}; known: {listed}.")


class CharterRefused(AuditingError):
    """The check of the charter called `name` finds errors, and so it is not put into force."""

    def __init__(self, name: str, errors: Sequence[Finding]) -> None:
        self.name = name
        self.errors = tuple(errors)
        listed = "".join(f"\n{in_words(each, name)}" for each in self.errors[:_SHOWN])
        if len(self.errors) > _SHOWN:
            listed += f"\n… +{len(self.errors) - _SHOWN}"
        super().__init__(
            f"章程 {name} 有 {len(self.errors)} 处错误，未启用 | charter {name} has {len(self.errors)} errors and was not "
            f"activated:{listed}"
        )


class ChangeUnexplained(AuditingError):
    """A change of the charter in force says no reason."""

    def __init__(self) -> None:
        super().__init__("更换章程须写明原因（--reason）。 | a change of the charter needs a reason (--reason).")


class CharterChanged(AuditingError):
    """The charter in force is not the one that whoever changes it has seen; `actor` changed it meanwhile."""

    def __init__(self, actor: str) -> None:
        self.actor = actor
        super().__init__(
            f"在您查看之后，{actor} 已更换章程，您的更改未生效。请看过现行章程再定。 | "
            f"{actor} has changed the charter since you looked; your change was not made. Look at the charter in force first."
        )


class NoEarlierCharter(AuditingError):
    """The demo charter is in force, and nothing was before it."""

    def __init__(self) -> None:
        super().__init__(
            "当前使用的是自带的示例章程，没有可退回的版本。 | the demo charter is in force; there is nothing before it."
        )
