"""Which column of a file plays which role."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from training.errors import HeaderAmbiguous, HeaderMissing, RoleUnknown, TextColumnMissing


class Role(StrEnum):
    """What a column is for; the value is also the header that is looked for first."""

    TEXT = "text"
    TITLE = "title"
    MERCHANT = "merchant"
    ADDRESS = "address"
    SOURCE = "source"
    TICKET_ID = "ticket_id"
    RECEIVED_AT = "received_at"
    DOMAIN = "domain"
    OFFICE = "office"
    PROVENANCE = "provenance"
    """Whose word the labels of a row are, see `auditing.cases.provenance`; they are imported where this is blank."""


LABELS = (Role.DOMAIN, Role.OFFICE)

HEADERS: Mapping[Role, tuple[str, ...]] = MappingProxyType(
    {
        Role.TEXT: ("text", "投诉内容", "问题描述", "诉求内容", "工单内容", "举报内容", "反映内容", "内容", "content"),
        Role.TITLE: ("title", "标题", "工单标题", "主题"),
        Role.MERCHANT: ("merchant", "商户名称", "被投诉单位", "被投诉方", "被投诉主体", "商家名称", "企业名称"),
        Role.ADDRESS: ("address", "被投诉单位地址", "商户地址", "事发地址", "地址"),
        Role.SOURCE: ("source", "来源", "来源渠道", "渠道"),
        Role.TICKET_ID: ("ticket_id", "工单编号", "工单号", "编号"),
        Role.RECEIVED_AT: ("received_at", "date", "受理时间", "受理日期", "来电时间", "登记时间", "日期"),
        Role.DOMAIN: ("domain", "领域", "投诉领域"),
        Role.OFFICE: ("office", "承办单位", "责任部门", "责任单位", "承办部门", "主办单位"),
        Role.PROVENANCE: ("provenance", "标签来源"),
    }
)
"""Headers that are taken for a role without being told, the first one present wins."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The columns of one file: `positions` gives, per role, the index into `headers`."""

    path: Path
    headers: tuple[str, ...]
    positions: Mapping[Role, int]

    def header(self, role: Role) -> str | None:
        """Return the header that plays the role, None where no column does."""
        position = self.positions.get(role)
        return None if position is None else self.headers[position]

    @property
    def extra(self) -> tuple[int, ...]:
        """Positions of the columns that play no role."""
        taken = set(self.positions.values())
        return tuple(position for position in range(len(self.headers)) if position not in taken)


def parse_mapping(options: Iterable[str]) -> dict[Role, str]:
    """Read mappings as a command line has them, such as `domain=l1`; `domain=` leaves a role unused.

    Raises:
        RoleUnknown: no equals sign, or no such role.

    """
    columns: dict[Role, str] = {}
    for option in options:
        role, equals, header = option.partition("=")
        if not equals:
            raise RoleUnknown(option, tuple(Role))
        columns[_role(role.strip())] = header.strip()
    return columns


def map_columns(path: Path, headers: Sequence[str], columns: Mapping[Role, str]) -> ColumnMap:
    """Give the columns of a file their roles: first as told, then by the headers in `HEADERS`.

    Headers are compared exactly, then without regard to case and surrounding blanks. A role mapped to the empty string
    stays unused, whatever the headers.

    Raises:
        RoleUnknown: a key of `columns` is not a role.
        HeaderMissing: a mapped header is not in the file.
        HeaderAmbiguous: a header is wanted that two columns have.
        TextColumnMissing: nothing plays the role of text.

    """
    told = {_role(role): header for role, header in columns.items()}
    positions: dict[Role, int] = {}
    for role, header in told.items():
        if header:
            position = _find(path, headers, role, header)
            if position is None:
                raise HeaderMissing(path, role, header, headers)
            positions[role] = position
    taken = set(positions.values())
    for role, names in HEADERS.items():
        if role in told:
            continue
        found = (_find(path, headers, role, name) for name in names)
        position = next((place for place in found if place is not None and place not in taken), None)
        if position is not None:
            positions[role] = position
    if Role.TEXT not in positions:
        raise TextColumnMissing(path, headers)
    ordered = {role: positions[role] for role in Role if role in positions}
    return ColumnMap(path, tuple(headers), MappingProxyType(ordered))


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise RoleUnknown(name, tuple(Role)) from None


def _find(path: Path, headers: Sequence[str], role: Role, name: str) -> int | None:
    exact = [index for index, header in enumerate(headers) if header == name]
    wanted = name.strip().casefold()
    places = exact or [index for index, header in enumerate(headers) if header.strip().casefold() == wanted]
    if len(places) > 1:
        raise HeaderAmbiguous(path, role, name, [place + 1 for place in places])
    return places[0] if places else None
