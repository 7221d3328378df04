"""One normalisation for training and serving, with a map back to the original.

    original ── scan ──────────────────────────────────────────────────► NormalisedText     the clean majority
                 └─ legible ─ personal data ─ aliases ─ boilerplate ─ denials ─ scan ─► NormalisedText     where the scan warned

The scan (`features.codepoints`) is one compiled pass; each slower step runs only where it asks for it. What a model was
trained on is named by `Normaliser.version` and `Normaliser.digest`.
"""

import hashlib
import re
from functools import cached_property
from typing import NamedTuple

from features import aliases, boilerplate, denials, legible, privacy
from features.characters import character_table, libraries
from features.codepoints import BYTE_LOSS, DAMAGED, DENIAL, CodePoints, Entries, Offsets, decode, encode, scan
from features.draft import Edit
from features.openings import first_clause

RULES_VERSION = 2
"""Raised with every change that lets a text come out differently."""

MOJIBAKE = "mojibake"

_CALLS_FOR_RULES = privacy.PERSONAL | boilerplate.BOILERPLATE | aliases.ALIASED | DENIAL
_SUSPECT = DAMAGED | BYTE_LOSS
_NO_FLAGS: frozenset[str] = frozenset()
_SPACE = ord(" ")

_MOJIBAKE = re.compile(
    # characters that could not be read; UTF-8 read as Latin-1; UTF-8 read as GBK; uninitialised memory; GBK short of a byte
    r"[\ufffd\ud800-\udfff]"
    r"|(?:[\u00c2-\u00ef][\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{1,2}){2}"
    r"|锟斤|烫烫烫|(?:[锛鐨銆鏄鍙鍦].{0,8}){2}[锛鐨銆鏄鍙鍦]"
    r"|\?！(?=[\u4e00-\u9fff])"
)


class NormalisedText(NamedTuple):
    """A text as models see it; its original is not kept.

    `codepoints[i]` (uint32) came from `original[offsets[i]]`; `offsets` (int32) is one longer, never falls, and ends with
    the length of the original, so that `original[offsets[i]:offsets[j]]` holds what became `text[i:j]`.
    `personal` are spans of the ORIGINAL; in the text each is one character of `privacy.MASK_TOKENS`.
    `flags`: 'secrecy_requested', 'no_reply_needed', 'reply_requested', 'mojibake', and 'opened_as_…' of
    `boilerplate.OPENED_AS`.
    """

    codepoints: CodePoints
    offsets: Offsets
    personal: tuple[privacy.PersonalSpan, ...]
    flags: frozenset[str]

    @property
    def text(self) -> str:
        """The code points as str, made whenever it is asked for."""
        return decode(self.codepoints)


class Normaliser:
    """Normalises texts; holds tables, no state, and may be shared by threads.

    The first in a process builds the character table (0.4 s) and loads or compiles the scan.
    """

    version = RULES_VERSION

    def __init__(self) -> None:
        self._table = character_table(privacy.TOKENS)
        self._legible = legible.LegibleTexts(self._table)

    @property
    def entries(self) -> Entries:
        """The table that goes with `scan`."""
        return self._table.entries

    def __call__(self, text: str) -> NormalisedText:
        """Normalise `text`. Never raises for a str, lone surrogates included."""
        codepoints, offsets, hits = scan(encode(text), self._table.entries)
        if not hits:
            return NormalisedText(codepoints, offsets, (), _NO_FLAGS)
        read = self._legible.after_scan(text, codepoints, offsets, hits)
        flags = _NO_FLAGS
        if read.hits & _SUSPECT and _MOJIBAKE.search(text):
            flags |= {MOJIBAKE}
        if not read.hits & _CALLS_FOR_RULES:
            return NormalisedText(read.codepoints, read.offsets, (), flags)

        return self._opened(read, flags) or self._ruled(read, flags)

    def _opened(self, read: legible.Legible, flags: frozenset[str]) -> NormalisedText | None:
        """Skip the opening where no other rule is asked for: the same as `_ruled`, in a third of the time.

        Nearly every ticket of a hotline has just this one formula.
        """
        if read.hits & _CALLS_FOR_RULES & ~boilerplate.OPENING:
            return None
        clause = first_clause(read.codepoints)
        if clause >= 0:
            end, opened = boilerplate.opening_of(decode(read.codepoints[:clause]))
        elif (opening := boilerplate.lone_opening(decode(read.codepoints))) is not None:
            end, opened = opening
        else:
            return None
        while 0 < end < len(read.codepoints) and read.codepoints[end] == _SPACE:
            end += 1
        return NormalisedText(read.codepoints[end:], read.offsets[end:], (), flags | opened if flags else opened)

    def _ruled(self, read: legible.Legible, flags: frozenset[str]) -> NormalisedText:
        hits = read.hits
        draft = read.draft()
        personal: tuple[privacy.PersonalSpan, ...] = ()
        if hits & privacy.PERSONAL:
            spans = privacy.find_personal(draft.text, hits)
            personal = privacy.in_original(spans, draft.offsets)
            draft = draft.edited([Edit(span.start, span.end, privacy.MASK_TOKENS[span.kind]) for span in spans])
        if hits & aliases.ALIASED:
            masked = draft
            draft = draft.ruled(aliases.RULES, hits)
            if draft is not masked:  # a formula may stand there now
                hits |= boilerplate.BOILERPLATE
        if hits & boilerplate.BOILERPLATE:
            flags |= boilerplate.flags_of(draft.text, hits)
            draft = boilerplate.without_boilerplate(draft, hits)
        if hits & DENIAL:
            draft = draft.fronted(denials.RULES, hits)
        if draft.offsets is not read.offsets:
            read = self._legible.settled(draft)
        return NormalisedText(read.codepoints, read.offsets, personal, flags)

    def text_of(self, text: str) -> str:
        """Normalise `text` and give what became of it, without the way back."""
        return self(text).text

    @cached_property
    def digest(self) -> str:
        """sha256 over all that decides how a text comes out: rules, their version, libraries' versions, the table."""
        table = self._table
        summed = hashlib.sha256(f"{RULES_VERSION}; {libraries()}".encode())
        for array in (table.entries, table.settled, table.legible, table.simplified):
            summed.update(array.tobytes())
        rules = (*legible.RULES, *boilerplate.RULES, *aliases.RULES, *denials.RULES)
        for described in (
            sorted(table.expansions.items()),
            [(rule.pattern.pattern, rule.replacement) for rule in rules],
            [(shape.pattern.pattern, shape.hits) for shape in privacy.SHAPES],
            sorted(privacy.MASK_TOKENS.items()),
        ):
            summed.update(repr(described).encode())
        return summed.hexdigest()
