"""Making a text legible: markup, pinyin in brackets and traditional script, the rewrites that few texts need.

They come before anything is looked for, so that a number with a tag inside is still found as a number.
"""

import html
import re
from html.entities import html5
from typing import NamedTuple

import numpy as np
import opencc

from features.characters import CharacterTable
from features.codepoints import (
    END_OF_HAN,
    EXPANDS,
    MARKUP,
    PINYIN,
    TABLE_SIZE,
    TRADITIONAL,
    CodePoints,
    Offsets,
    decode,
    encode,
    replace_each,
    scan,
)
from features.draft import Draft, Edit, Rule

REWRITTEN = MARKUP | PINYIN | TRADITIONAL | EXPANDS
"""The hits that call for a rewrite."""

_LAYERS_OF_MARKUP = 3  # an entity that hides an entity is met; deeper is an attack
_UNCLOSED = ("nbsp", "hellip", "ldquo", "rdquo", "lsquo", "rsquo", "mdash", "middot", "quot", "lt", "gt", "amp")
_LETTERS_OF_A_CUT_ENTITY = 4  # '&helli' is one; '&he' may be anything

_MARKED = re.compile(r"&[#A-Za-z]|<[/A-Za-z!]")
_ENTITY = re.compile(r"&((?:amp;)*)(?:(#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6}));?|([A-Za-z][A-Za-z0-9]{1,31})(;?))")
_TAGS = (
    Rule(
        "scripts and comments",
        "what a browser would not show is no part of the complaint",
        MARKUP,
        re.compile(
            r"<!--.{0,1000}?-->|<(?:script|style)\b[^<>]{0,500}>.{0,1000}?</(?:script|style)>",
            re.DOTALL | re.IGNORECASE,
        ),
    ),
    Rule(
        "inline tags",
        "they stand inside words and numbers",
        MARKUP,
        re.compile(r"</?(?:a|b|i|u|s|em|strong|span|font|mark|sub|sup)(?:\s[^<>]{0,500})?/?>", re.IGNORECASE),
        "",
    ),
    Rule(
        "other tags",
        "they end a line or a cell; 《<重点时段>制度》 is none, tags begin with a Latin letter",
        MARKUP,
        re.compile(r"""</?[A-Za-z!](?:"[^"<>]{0,200}"|[^<>"\u3400-\u9fff]){0,300}>"""),
    ),
)

_VOWELS = "aāáǎàoōóǒòeēéěèêiīíǐìuūúǔùüǖǘǚǜ"
_SYLLABLE = rf"(?:(?:[zcs]h|[bpmfdtnlgkhjqxzcsryw])?[{_VOWELS}]{{1,3}}(?:[nńňǹ]g?|r)?|[ńňǹ]g?)"
_PINYIN = Rule(
    "pinyin in brackets",
    "mirror sites put it after characters: 国(guó), 上(shàng)海; a syllable's shape is asked for, so that 店(app) stays",
    PINYIN,
    re.compile(rf"(?<=[\u3400-\u9fff\U00020000-\U0002fa1f])(?:\(+{_SYLLABLE}\)+)+"),
    "",
)

_ZHE = Rule(
    "著 for 着",
    "traditional script writes both with one character, and OpenCC's 't2s' leaves it: 穿著 → 穿着, but 著名, 专著",
    TRADITIONAL,
    re.compile(r"(?<![名显卓专编原巨遗译论合土昭较新拙])著(?![名作称者书述录])"),
    "着",
)

RULES = (*_TAGS, _PINYIN, _ZHE)


class Legible(NamedTuple):
    """Code points after every rewrite and one `scan`, their places in the original, and what the scan warned of."""

    codepoints: CodePoints
    offsets: Offsets
    hits: int

    def draft(self) -> Draft:
        """Decode, for rules that are written as patterns."""
        return Draft(decode(self.codepoints), self.offsets)


def _unclosed(name: str) -> tuple[str, int] | None:
    """Find the text of an entity that nothing closes, and how many letters of `name` it takes, if `name` has one."""
    for entity in _UNCLOSED:
        if name.startswith(entity):
            return html5[entity + ";"], len(entity)
        if len(name) >= _LETTERS_OF_A_CUT_ENTITY and entity.startswith(name):
            return html5[entity + ";"], len(name)
    return None


def _entity_edits(text: str) -> list[Edit]:
    edits = []
    for match in _ENTITY.finditer(text):
        start, end = match.span()
        nested, number, name, closing = match.groups()
        if number:
            edits.append(Edit(start, end, html.unescape(f"&{number};")))
        elif closing and (known := html5.get(name + ";")) is not None:
            edits.append(Edit(start, end, known))
        elif (found := _unclosed(name)) is not None:
            edits.append(Edit(start, match.start(3) + found[1], found[0]))
        elif nested:
            edits.append(Edit(start, match.end(1), "&"))
    return edits


class LegibleTexts:
    """Makes texts legible with one character table and one OpenCC converter; shared by threads without a lock."""

    def __init__(self, table: CharacterTable) -> None:
        self._table = table
        self._converter = opencc.OpenCC("t2s")

    def __call__(self, text: str) -> Legible:
        """Scan `text`, and where the scan asks for it rewrite and scan again. Never raises for a str."""
        return self.after_scan(text, *scan(encode(text), self._table.entries))

    def after_scan(self, text: str, codepoints: CodePoints, offsets: Offsets, hits: int) -> Legible:
        """Rewrite and scan again where `hits` ask for it; for a caller who has scanned `text` already."""
        if not hits & REWRITTEN:
            return Legible(codepoints, offsets, hits)
        return self.settled(self._rewritten(text, hits))

    def settled(self, draft: Draft) -> Legible:
        """Collapse again what edits have brought together; changes no character."""
        codepoints, places, hits = scan(encode(draft.text), self._table.settled)
        return Legible(codepoints, draft.offsets[places], hits)

    def _rewritten(self, text: str, hits: int) -> Draft:
        draft = self._spelled_out(text, np.arange(len(text) + 1, dtype=np.int32), hits)
        for _ in range(_LAYERS_OF_MARKUP):
            if not _MARKED.search(draft.text):
                break
            cleaned = draft.edited(_entity_edits(draft.text))
            if cleaned is not draft:
                # an entity may stand for anything
                cleaned, hits = self._spelled_out(cleaned.text, cleaned.offsets, EXPANDS), REWRITTEN
            cleaned = cleaned.ruled(_TAGS, MARKUP)
            if cleaned is draft:
                break
            draft = cleaned
        if "(" in draft.text:
            draft = draft.ruled((_PINYIN,), PINYIN)
        return self._simplified(draft) if hits & TRADITIONAL else draft

    def _spelled_out(self, text: str, offsets: Offsets, hits: int) -> Draft:
        """Each character in its NFKC form, some in several characters if `hits` say so; script is left as it is."""
        table = self._table
        if not hits & EXPANDS:
            kept, places = replace_each(encode(text), table.legible)
            return Draft(decode(kept), offsets[places])
        source = encode(text)
        low = np.minimum(source, TABLE_SIZE - 1)
        mapped = np.where(source < TABLE_SIZE, table.legible[low], np.where(source < END_OF_HAN, source, 0))
        expanding = np.flatnonzero(table.expands[low])
        counts = (mapped != 0).astype(np.int32)
        forms = [table.expansions[code] for code in source[expanding].tolist()]
        counts[expanding] = [len(form) for form in forms]
        spelled = np.repeat(mapped, counts).astype(np.uint32)
        starts = np.cumsum(counts) - counts
        for start, form in zip(starts[expanding].tolist(), forms, strict=True):
            spelled[start : start + len(form)] = encode(form)
        return Draft(decode(spelled), np.append(np.repeat(offsets[:-1], counts), offsets[-1:]))

    def _simplified(self, draft: Draft) -> Draft:
        """Simplified script; phrases decide where a character has two forms (乾隆, 乾净)."""
        codes = encode(draft.text)
        if not self._table.traditional[np.minimum(codes, TABLE_SIZE - 1)].any():
            return draft
        converted = self._converter.convert(draft.text)
        if len(converted) != len(draft.text):
            low = np.minimum(codes, TABLE_SIZE - 1)
            converted = decode(np.where(codes < TABLE_SIZE, self._table.simplified[low], codes).astype(np.uint32))
        return Draft(converted, draft.offsets).ruled((_ZHE,), TRADITIONAL)
