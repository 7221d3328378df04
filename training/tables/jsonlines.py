"""JSONL files: one JSON object a line."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.errors import RowBroken
from training.tables.delimited import find_encoding, open_binary

_LITERAL = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
"""Numbers stay as they are written: 0.10 is not 0.1, and a long ticket number keeps all its digits."""


def json_headers(path: Path) -> tuple[str, ...]:
    """Return the keys of all objects, in order of first appearance. Reads the file once, a line at a time."""
    headers: dict[str, None] = {}
    for _, found in _objects(path):
        headers.update(dict.fromkeys(found))
    return tuple(headers)


def json_rows(path: Path, headers: Sequence[str]) -> Iterator[tuple[int, Sequence[str | None]]]:
    """Yield (line number from 1, values in the order of `headers`); a key that is absent or null gives None.

    Raises:
        RowBroken: a line is not one JSON object.

    """
    for number, found in _objects(path):
        yield number, [found.get(header) for header in headers]


def _objects(path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    with open_binary(path) as file, io.TextIOWrapper(file, find_encoding(path), newline="\n") as text:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                found = _LITERAL.decode(line)
            except json.JSONDecodeError as error:
                raise RowBroken.not_an_object(path, number, f"{error.msg}, {error.pos + 1}") from None
            except RecursionError:
                raise RowBroken.not_an_object(path, number, "nested too deeply") from None
            if not isinstance(found, dict):
                raise RowBroken.not_an_object(path, number, type(found).__name__)
            yield number, {key: _text(value, key, line) for key, value in found.items()}


def _text(value: object, key: str, line: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(json.loads(line)[key], ensure_ascii=False)
