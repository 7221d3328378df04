"""A person's request to the console, and what may be answered to it; without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from auditing.people.accounts import Person
from auditing.people.sessions import Session
from serving.pages.texts import Language
from serving.refusals import Refusal

CONSOLE = "/console"
"""Where the console begins."""

Theme = Literal["auto", "light", "dark"]


class NotSignedIn(Refusal):
    """Nobody is signed in."""

    def __init__(self) -> None:
        super().__init__("请先登录。 | please sign in.")


class FormExpired(Refusal):
    """A form came from elsewhere, or from a session that has ended."""

    def __init__(self) -> None:
        super().__init__(
            "页面已过期或来自别处，未作任何更改。请返回、刷新后重试；若反复出现，请允许本站 Cookie，并用 HTTPS 访问。 | "
            "the page has expired or came from elsewhere; nothing was changed. Go back, reload and try again; if it "
            "happens again, allow cookies for this site and use HTTPS."
        )


class RoleMissing(Refusal):
    """The person's role does not allow it."""

    def __init__(self) -> None:
        super().__init__("您的角色无权查看此页，请联系管理员。 | your role does not allow this; ask an administrator.")


class CaseChanged(Refusal):
    """Somebody else, or an intake system, has said something about the case since it was shown."""

    def __init__(self) -> None:
        super().__init__(
            "您查看之后本件有了新记录，结论未提交。请看过新记录后再定。 | "
            "something was recorded about this case since you opened it; your decision was not taken. Look again first."
        )


class CharterUnchecked(Refusal):
    """The text of a charter is not the one that was checked."""

    def __init__(self) -> None:
        super().__init__(
            "正文在核对之后又有改动，未启用。下面是重新核对的结果，请看过再启用。 | "
            "the text was changed after it was checked and was not activated. It has been checked again below: look first."
        )


class AskedWrongly(Refusal):
    """A field of a form or an address cannot be understood; `name` is its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} 的取值无法理解。 | the value of {name} cannot be understood.")


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a person likes the console."""

    language: Language = Language.CHINESE
    theme: Theme = "auto"
    keys: bool = True
    """Whether single keys act."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: its address, what was filled in, and who is there.

    places: parts of the path. form: of a POST. form_token: what a form of this visit must carry to be believed.
    """

    path: str
    query: Mapping[str, str]
    places: Mapping[str, str]
    form: Mapping[str, str]
    preferences: Preferences
    session: Session | None
    form_token: str
    at: datetime

    @property
    def person(self) -> Person:
        """Who is there. Raises NotSignedIn."""
        if self.session is None:
            raise NotSignedIn
        return self.session.person


@dataclass(frozen=True, slots=True)
class Page:
    """A template and what is put into it."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Away:
    """Go to another page of the console, with cookies set, or dropped where they are None."""

    to: str
    cookies: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """A file to keep."""

    name: str
    media_type: str
    body: bytes


Reply = Page | Away | Download


def at_home(address: str) -> str:
    """Give `address` where it leads to a page of the console, the console's first page otherwise."""
    path = address.partition("?")[0]
    plain = address.isascii() and address.isprintable() and "\\" not in address and "//" not in path
    return address if plain and (path == CONSOLE or path.startswith(f"{CONSOLE}/")) else CONSOLE
