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

Needs = tuple[Words, ...]
"""At most two sets of words, of each of which one occurs in every match; the first narrows down most."""

_MOST_NEEDS = 2
_REPEAT = re.compile(r"[*+?]\??|\{(\d*)(,?)(\d*)\}\??")
_LOOK = re.compile(r"\?<?[=!]")
_GROUP = re.compile(r"\?(?::|P<\w+>)")
_CLASSES_OF_MANY = frozenset("dDwWsSbBAZ")


def required_words(expression: str) -> Words:
    """Return words one of which is in every match of `expression`; empty where none can be named."""
    return next(iter(needs(expression)), _NOTHING)


def needs(expression: str) -> Needs:
    """Return the same with a second set of words, of another part of the expression, where it has one."""
    return _Reader(expression).alternatives()[0]


class _Reader:
    """One pass over an expression. A part comes back as what it needs, and all its spellings or none."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self._at = 0

    def alternatives(self) -> tuple[Needs, Words]:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        spelt = _union(spelt for _, spelt in branches)
        if not all(needs for needs, _ in branches):
            return (), spelt
        # a branch with one need only has it for its second, too
        first, second = (_union(needs[place] for needs, _ in branches) for place in (0, -1))
        return (first,) if first == second else (first, second), spelt

    def _sequence(self) -> tuple[Needs, Words]:
        """What a branch needs, and its spellings where it is nothing but text."""
        found: list[Words] = []
        run, whole = frozenset({""}), True
        while (peeked := self._peek()) and peeked not in "|)":
            needs, spelt, whole_atom = self._repeated(*self._atom())
            whole &= whole_atom and bool(spelt)
            joined = frozenset(a + b for a, b in product(run, spelt)) if spelt else _NOTHING
            if joined and len(joined) <= _MOST:
                run = joined
            else:
                found.append(run)
                run, whole = spelt or frozenset({""}), False
            if not spelt:  # else the run has them
                found += needs
        return _best((*found, run)), run if whole else _NOTHING

    def _atom(self) -> tuple[Needs, Words]:
        character = self._text[self._at]
        self._at += 1
        if character == "(":
            return self._group()
        if character == "[":
            return (), self._class()
        if character == "\\":
            escaped = self._text[self._at]
            self._at += 1
            return (), _NOTHING if escaped in _CLASSES_OF_MANY or escaped.isdigit() else frozenset({escaped})
        return (), _NOTHING if character in ".^$" else frozenset({character})

    def _group(self) -> tuple[Needs, Words]:
        look = _LOOK.match(self._text, self._at)
        if found := look or _GROUP.match(self._text, self._at):
            self._at = found.end()
        needs, spelt = self.alternatives()
        self._at += 1
        return ((), frozenset({""})) if look else (needs, spelt)

    def _class(self) -> Words:
        """The characters of a class, none where it is negated or has a range."""
        end = self._text.index("]", self._at + 1)
        inside, self._at = self._text[self._at : end], end + 1
        return _NOTHING if inside.startswith("^") or "-" in inside or "\\" in inside else frozenset(inside)

    def _repeated(self, needs: Needs, spelt: Words) -> tuple[Needs, Words, bool]:
        found = _REPEAT.match(self._text, self._at)
        if not found:
            return needs, spelt, True
        self._at = found.end()
        optional = found[0][0] in "*?" or (found[1] in {"", "0"} and found[0][0] == "{")
        if found[0] == "?" and spelt:
            return (), spelt | {""}, True
        return () if optional else _best((spelt,) if spelt else needs), _NOTHING, False

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _union(branches: Iterable[Words]) -> Words:
    """All words of all branches; nothing where one of them has none."""
    kept = tuple(branches)
    return frozenset().union(*kept) if all(kept) else _NOTHING


def _best(found: Iterable[Words]) -> Needs:
    """Those that narrow down most: longer words first, then fewer."""
    telling = {words for words in found if words and "" not in words}
    ranked = sorted(telling, key=lambda words: (-min(map(len, words)), len(words), sorted(words)))
    return tuple(ranked[:_MOST_NEEDS])
