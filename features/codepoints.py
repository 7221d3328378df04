"""Code points in arrays, and the one compiled pass over them that every text takes.

The pass reads one 64-bit entry per code point. An entry holds, from the lowest bit up:

    21 bits  the code point that replaces this one; 0 drops it
    14 bits  FIRST: pair groups in which this character may come first
    14 bits  SECOND: pair groups in which it may come second
     4 bits  triggers that the character pulls alone
     7 bits  classes that steer the pass

A pair group is a slower rule's early warning: where a FIRST of the group meets a SECOND of the same group, the group's
bit is set in the returned `hits` and the caller runs the rule. Groups may warn in vain, as they are products of two sets;
they must not miss. The layout lives beside the pass because the compiler's cache watches only the file that it compiles.
"""

# by their names: to look a codec up by its own takes twice as long as to use it
from codecs import utf_32_le_decode, utf_32_le_encode
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from features.compiled import compiled

CodePoints: TypeAlias = npt.NDArray[np.uint32]
Offsets: TypeAlias = npt.NDArray[np.int32]
Entries: TypeAlias = npt.NDArray[np.int64]

_CODE_POINT, _OFFSET = np.dtype(np.uint32), np.dtype(np.int32)
"""Given as they are: numpy takes longer to find the type of a class than to make the array."""

TABLE_SIZE = 0x30000
"""Code points below this have entries. Above come only rare Han (kept) and tags or private use (dropped)."""
END_OF_HAN = 0xE0000

CHARACTER_BITS = 21
PAIR_GROUPS = 14
LONE_TRIGGERS = 4
CHARACTER_MASK = (1 << CHARACTER_BITS) - 1
PAIR_MASK = (1 << PAIR_GROUPS) - 1
FIRST_SHIFT = CHARACTER_BITS
SECOND_SHIFT = FIRST_SHIFT + PAIR_GROUPS
LONE_SHIFT = SECOND_SHIFT + PAIR_GROUPS
CLASS_SHIFT = LONE_SHIFT + LONE_TRIGGERS
LONE_MASK = (1 << LONE_TRIGGERS) - 1

# Hits: the pair groups, then the characters that pull a trigger alone, then what the pass counts.
(
    MARKUP, PINYIN, BYTE_LOSS, PLATE, SOCIAL, ARRIVAL, CHANNEL, SECRECY, ANSWER, ADDRESSEE, PAGE, NICKNAME, RESPELLING,
    DENIAL,
) = (1 << group for group in range(PAIR_GROUPS))  # fmt: skip
TRADITIONAL, EXPANDS, AT_SIGN, DAMAGED = (1 << (PAIR_GROUPS + trigger) for trigger in range(LONE_TRIGGERS))
DIGITS = TRADITIONAL << LONE_TRIGGERS
NUMERALS = DIGITS << 1

# Classes.
SPACE = 1 << CLASS_SHIFT
SINGLE = SPACE << 1  # a mark that is never doubled
CLAUSE = SPACE << 2  # a mark before which a comma is noise
DIGIT = SPACE << 3
LETTER = SPACE << 4
NUMERAL = SPACE << 5  # a Chinese numeral
GLUE = SPACE << 6  # what people write between the digits of one number

DIGITS_THAT_MAY_BE_A_NUMBER = 7  # the shortest local telephone number
NUMERALS_THAT_MAY_BE_A_NUMBER = 11  # a mobile number spelled out
CHARACTERS_THAT_MAY_BE_AN_ACCOUNT = 5  # the shortest QQ number; letters, digits and what stands between them

_COMMA = ord(",")
_STOP = ord(".")
_ELLIPSIS = ord("…")


def encode(text: str) -> CodePoints:
    """Return the code points of `text`, any str, lone surrogates included; the array is read-only."""
    try:
        written, _ = utf_32_le_encode(text)
    except UnicodeEncodeError:  # half a character: to name a way out beforehand doubles the time
        written, _ = utf_32_le_encode(text, "surrogatepass")
    return np.frombuffer(written, _CODE_POINT)


def decode(codepoints: CodePoints) -> str:
    """Return the text of `codepoints`, the inverse of `encode`."""
    return utf_32_le_decode(codepoints.tobytes(), "surrogatepass", True)[0]  # noqa: FBT003 - takes positional arguments


@compiled()
def scan_into(codepoints: CodePoints, entries: Entries, kept: CodePoints, offsets: Offsets) -> tuple[int, int]:
    """`scan` into arrays that are there, at least as long as the text and one longer; returns length and hits."""
    size = codepoints.size
    length = 0
    hits = 0
    top = 0  # the last character kept, and the one before it
    under = 0
    firsts = 0
    digits = 0
    mixed = 0
    latin = 0
    account = False
    spelled = False
    for i in range(size):
        c = int(codepoints[i])
        if c < TABLE_SIZE:
            entry = int(entries[c])
        elif c < END_OF_HAN:
            entry = c
        else:
            continue
        c = entry & CHARACTER_MASK
        hits |= ((entry >> LONE_SHIFT) & LONE_MASK) << PAIR_GROUPS
        if c == 0:
            continue
        classes = entry >> CLASS_SHIFT << CLASS_SHIFT
        if classes == 0:
            digits = 0
            mixed = 0
            latin = 0
            spelled = False
            if c == top and c == under:
                continue
        else:
            if classes & (DIGIT | NUMERAL):
                mixed += 1
                spelled |= (classes & NUMERAL) != 0
                if spelled and mixed >= NUMERALS_THAT_MAY_BE_A_NUMBER:
                    hits |= NUMERALS
            elif not classes & GLUE:
                mixed = 0
                spelled = False
            if classes & (DIGIT | LETTER) or (latin and classes & GLUE):
                latin += 1
                account |= latin >= CHARACTERS_THAT_MAY_BE_AN_ACCOUNT
            else:
                latin = 0
            if classes & DIGIT:
                digits += 1
                if digits >= DIGITS_THAT_MAY_BE_A_NUMBER:
                    hits |= DIGITS
            elif not classes & (GLUE | LETTER):
                digits = 0
            if classes & SPACE and (length == 0 or (top < TABLE_SIZE and entries[top] & CLAUSE)):
                continue
            if c == _STOP and top == _STOP and under == _STOP:
                length -= 2
                c = _ELLIPSIS
                start = offsets[length]  # the first of the three stops
                if length and kept[length - 1] == _COMMA:
                    length -= 1
                top = int(kept[length - 1]) if length else 0
                if c == top:
                    under = int(kept[length - 2]) if length > 1 else 0
                    continue
                kept[length] = c
                offsets[length] = start
                length += 1
                under = top
                top = c
                firsts = 0
                continue
            if c == _STOP and top == _ELLIPSIS:
                continue
            if classes & CLAUSE and top == _COMMA and c != _COMMA:
                length -= 1
                top = int(kept[length - 1]) if length else 0
                under = int(kept[length - 2]) if length > 1 else 0
            if c == top:
                if classes & (SPACE | SINGLE):
                    continue
                if c == under and not classes & (DIGIT | NUMERAL):
                    continue
        hits |= firsts & (entry >> SECOND_SHIFT) & PAIR_MASK
        firsts = (entry >> FIRST_SHIFT) & PAIR_MASK
        kept[length] = c
        offsets[length] = i
        length += 1
        under = top
        top = c
    if length and kept[length - 1] == 32:
        length -= 1
    offsets[length] = size
    # 微信 is in every tenth text, the name of an account in few
    return length, hits if account else hits & ~SOCIAL


def scan(codepoints: CodePoints, entries: Entries) -> tuple[CodePoints, Offsets, int]:
    """Map, drop and collapse in one compiled pass: (kept code points, offsets, hits).

    `kept[i]` came from `codepoints[offsets[i]]`; `offsets` is one longer than `kept` and ends with the length of the
    input; `kept` is read-only. White space collapses to one space and is cut at both ends and behind clause marks; marks
    are not doubled; a comma before another clause mark is dropped; three stops or more become an ellipsis; any other
    character but a digit or numeral stands at most twice in a row.
    """
    # made here: for compiled code to give an array back costs as much as the pass over fifty characters
    kept, offsets = np.empty(codepoints.size, _CODE_POINT), np.empty(codepoints.size + 1, _OFFSET)
    length, hits = scan_into(codepoints, entries, kept, offsets)
    kept.flags.writeable = False
    return kept[:length], offsets[: length + 1], hits


@compiled()
def replace_each(codepoints: CodePoints, table: CodePoints) -> tuple[CodePoints, Offsets]:
    """Replace each code point by what the table has for it, 0 drops it; returns what is kept and its places, as `scan`."""
    kept = np.empty(codepoints.size, np.uint32)
    places = np.empty(codepoints.size + 1, np.int32)
    length = 0
    for i in range(codepoints.size):
        c = codepoints[i]
        if c < TABLE_SIZE:
            c = table[c]
        elif c >= END_OF_HAN:
            continue
        if c:
            kept[length] = c
            places[length] = i
            length += 1
    places[length] = codepoints.size
    return kept[:length], places[: length + 1]
