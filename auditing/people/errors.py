"""What can go wrong with who may come in.

AuditingError
├── UnknownKey           no such API key
├── UnknownPerson        nobody of that name has an account
├── PersonKnown          the name is taken
├── NameUnfit            a name that no account can have
├── PasswordUnfit        a password that protects too little
├── SignInRefused        name and password do not belong together
├── SignInSlowed         too many failed attempts: wait
└── UnknownScope         no such scope of an API key

Messages are for operators, Chinese first.
"""

from collections.abc import Iterable

from auditing.errors import AuditingError


class UnknownKey(AuditingError):
    """There is no API key with this id."""

    def __init__(self, key_id: str, known: Iterable[str]) -> None:
        self.key_id = key_id
        self.known = tuple(known)
        listed = ", ".join(self.known) or "–"
        super().__init__(f"没有编号为 {key_id!r} 的密钥；现有：{listed}。 | no key {key_id!r}; known: {listed}.")


class UnknownPerson(AuditingError):
    """Nobody of this name has an account."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        listed = ", ".join(self.known) or "–"
        super().__init__(f"没有名为 {name!r} 的账号；现有：{listed}。 | no account {name!r}; known: {listed}.")


class PersonKnown(AuditingError):
    """The name is taken, perhaps by somebody whose account was disabled: a name stands for one person for good."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"账号 {name!r} 已存在（停用的账号也不能重名）；请换一个名字，或用 paidan people password 改密码。 | "
            f"the account {name!r} exists, disabled ones too keep their name; take another name, or change its password "
            "with: paidan people password"
        )


class NameUnfit(AuditingError):
    """A name that no account can have."""

    def __init__(self, longest: int) -> None:
        self.longest = longest
        super().__init__(
            f"账号名须为 1 至 {longest} 个字符，不含冒号、控制字符和首尾空白。 | "
            f"a name has 1 to {longest} characters, no colon, no control character and no blank at its ends."
        )


class PasswordUnfit(AuditingError):
    """A password that protects too little; it is not repeated."""

    def __init__(self, shortest: int, longest: int) -> None:
        self.shortest = shortest
        self.longest = longest
        super().__init__(
            f"密码须为 {shortest} 至 {longest} 个字符，不含账号名，也不是同一字符的重复。 | "
            f"a password has {shortest} to {longest} characters, does not hold the name, and is not one character repeated."
        )


class SignInRefused(AuditingError):
    """Name and password do not belong together, or the account is disabled; which of them is not told."""

    def __init__(self) -> None:
        super().__init__("账号或密码不对，或账号已停用。 | name or password is wrong, or the account is disabled.")


class SignInSlowed(AuditingError):
    """Too many failed attempts for this name."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"尝试过多，请等 {seconds} 秒再试。 | too many attempts: wait {seconds} s.")


class UnknownScope(AuditingError):
    """An API key was asked for with a scope that does not exist, or with none."""

    def __init__(self, scope: str, known: Iterable[str]) -> None:
        self.scope = scope
        self.known = tuple(known)
        listed = ", ".join(self.known)
        super().__init__(f"没有权限范围 {scope!r}；可用：{listed}。 | no scope {scope!r}; choose from: {listed}.")
