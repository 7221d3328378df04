"""Words without which a regular expression cannot match, so that one pass over a text tells which to try.

Reads the ordinary part of Python's syntax: text, groups, alternatives, classes, repetition, look-around. Whatever it
does not know it passes over, which can only lose a word, never invent one.
"""

import re
from collections.abc import Iterable
from itertools import product

Words = frozenset[str]
"""One of them occurs in every match; empty: nothing can be said."""

_MOST = 256
"""Spellings kept for one run of characters: 煤气罐 漏/爆 are two, three classes of ten would be a thousand."""

_NOTHING: Words = frozenset()
_REPEAT = re.compile(r"[*+?]\??|\{(\d*)(,?)(\d*)\}\??")
_LOOK = re.compile(r"\?<?[=!]")
_GROUP = re.compile(r"\?(?::|P<\w+>)")
_CLASSES_OF_MANY = frozenset("dDwWsSbBAZ")


def required_words(expression: str) -> Words:
    """Return words one of which is in every match of `expression`; empty where none can be named."""
    return _Reader(expression).alternatives()[0]


class _Reader:
    """One pass over an expression. A part comes back as its required words, and all its spellings or none."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0

    def alternatives(self) -> tuple[Words, Words]:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        return _union(words for words, _ in branches), _union(spelt for _, spelt in branches)

    def _sequence(self) -> tuple[Words, Words]:
        """Words of a branch, and its spellings where it is nothing but text."""
        best, run, whole = _NOTHING, frozenset({""}), True
        while (peeked := self._peek()) and peeked not in "|)":
            words, spelt = self._atom()
            words, spelt, whole_atom = self._repeated(words, spelt)
            whole &= whole_atom and bool(spelt)
            joined = frozenset(a + b for a, b in product(run, spelt)) if spelt else _NOTHING
            if joined and len(joined) <= _MOST:
                run = joined
            else:
                best, run, whole = _better(best, run), spelt or frozenset({""}), False
            best = _better(best, words)
        return _better(best, run), run if whole else _NOTHING

    def _atom(self) -> tuple[Words, Words]:
        character = self._text[self._at]
        self._at += 1
        if character == "(":
            return self._group()
        if character == "[":
            return _NOTHING, self._class()
        if character == "\\":
            escaped = self._text[self._at]
            self._at += 1
            return _NOTHING, _NOTHING if escaped in _CLASSES_OF_MANY or escaped.isdigit() else frozenset({escaped})
        return _NOTHING, _NOTHING if character in ".^$" else frozenset({character})

    def _group(self) -> tuple[Words, Words]:
        look = _LOOK.match(self._text, self._at)
        if found := look or _GROUP.match(self._text, self._at):
            self._at = found.end()
        words, spelt = self.alternatives()
        self._at += 1
        return (_NOTHING, frozenset({""})) if look else (words, spelt)

    def _class(self) -> Words:
        """The characters of a class, none where it is negated or has a range."""
        end = self._text.index("]", self._at + 1)
        inside, self._at = self._text[self._at : end], end + 1
        return _NOTHING if inside.startswith("^") or "-" in inside or "\\" in inside else frozenset(inside)

    def _repeated(self, words: Words, spelt: Words) -> tuple[Words, Words, bool]:
        found = _REPEAT.match(self._text, self._at)
        if not found:
            return words, spelt, True
        self._at = found.end()
        optional = found[0][0] in "*?" or (found[1] in {"", "0"} and found[0][0] == "{")
        if found[0] == "?" and spelt:
            return _NOTHING, spelt | {""}, True
        return (_NOTHING, _NOTHING, False) if optional else (_better(words, spelt), _NOTHING, False)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _union(branches: Iterable[Words]) -> Words:
    """All words of all branches; nothing where one of them has none."""
    kept = tuple(branches)
    return frozenset().union(*kept) if all(kept) else _NOTHING


def _better(one: Words, other: Words) -> Words:
    """Whichever narrows down more: longer words first, then fewer."""
    return min((one, other), key=lambda words: (-min(map(len, words), default=0), len(words)))
