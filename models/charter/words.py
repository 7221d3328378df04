"""Words as a trie in a hash table, for compiled code that looks for all of them at all places of a text.

The trie is entered by a word's first three characters, or by all that it has, so that most words are one place of the
table; before it stand bits that tell where none begins, which stay at hand.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from features.compiled import compiled

Bits = npt.NDArray[np.uint64]

_BEGINS, _BEGINS_ALIKE = 17, 9
"""Binary logarithms of the bits that tell where a word may begin, as few as tell so seldom in vain; and of those for words
of the same first character, which are beside one another, and come into the processor together."""

NODES = (1 << _BEGINS) // 64
"""Where the nodes begin, behind those bits."""

_MULTIPLIER = 0x9E3779B97F4A7C15
"""Fibonacci hashing (Knuth, TAOCP 3, 6.4)."""

CHARACTER = 21
"""Bits of a character."""
FURTHER = 1 << 63
"""Of the key of a node that is not the first of its words."""
WORD = 1 << 31
"""Of a node: a word ends here, whose number is in the lower bits."""
AT_ONCE = 3
"""Characters by which the trie is entered."""
_FOLLOWERS, _KINDS_OF_FOLLOWERS = 32, 5
"""Of a node: from this bit on, of which of 2 ** 5 kinds the characters are that words go on with: most texts go on with
none, and need not look for it at another place of the table."""

_SLOTS_PER_NODE = 4 / 3
"""Few, as the less memory a table is the more of it stays at hand."""


def trie_of(words: Mapping[str, int]) -> Bits:
    """uint64 [2 ** _BEGINS / 64 + 2 * slots]: the bits of the words' first keys, and behind them a table of the nodes.

    It is an open-addressing one, where each slot has a node's key, 0 where it is free, and what the node is, see WORD.
    Keys: see `_first_key`; of further characters FURTHER, the slot of what is before, plus 1, and the character.
    """
    count = len({word[:end] for word in words for end in range(min(AT_ONCE, len(word)), len(word) + 1)})
    bits = max(4, math.ceil(math.log2(_SLOTS_PER_NODE * max(1, count))))
    keys, told = [0] * (1 << bits), [0] * (1 << bits)
    for word, number in words.items():
        slot = _put(keys, _first_key(word), bits)
        for character in word[AT_ONCE:]:
            told[slot] |= 1 << (_FOLLOWERS + (_hashed(ord(character)) >> (64 - _KINDS_OF_FOLLOWERS)))
            slot = _put(keys, FURTHER | (slot + 1) << CHARACTER | ord(character), bits)
        told[slot] |= WORD | number
    # one array, as each costs a call its time
    return np.concatenate([_begins(words), np.array([keys, told], np.uint64).T.ravel()])


def _put(keys: list[int], key: int, bits: int) -> int:
    slot = _hashed(key) >> (64 - bits)
    while keys[slot] not in {0, key}:
        slot = (slot + 1) % len(keys)
    keys[slot] = key
    return slot


def _hashed(key: int) -> int:
    return key * _MULTIPLIER % (1 << 64)


def _first_key(word: str) -> int:
    """Of the first characters, AT_ONCE at most: each plus 1, and 0 for those that are not there."""
    codes = [ord(character) + 1 for character in word[:AT_ONCE]]
    return sum(code << CHARACTER * (AT_ONCE - 1 - place) for place, code in enumerate(codes))


def _begins(words: Iterable[str]) -> Bits:
    begins = [0] * NODES
    for word in words:
        alike = _hashed(ord(word[0])) >> (64 - _BEGINS + _BEGINS_ALIKE)
        bit = alike << _BEGINS_ALIKE | _hashed(_first_key(word)) >> (64 - _BEGINS_ALIKE)
        begins[bit // 64] |= 1 << bit % 64
    return np.array(begins, np.uint64)


@compiled(inline="always")
def slot_of(key: np.uint64, bits: np.uint64) -> np.uint64:
    """Where a key is looked for first in a table of 2 ** `bits`."""
    return (key * np.uint64(_MULTIPLIER)) >> (np.uint64(64) - bits)


@compiled(inline="always")
def alike_of(character: np.uint32) -> np.uint64:
    """Where the bits of the words stand that begin with a character."""
    return slot_of(np.uint64(character), np.uint64(_BEGINS - _BEGINS_ALIKE))


@compiled(inline="always")
def may_begin(trie: Bits, alike: np.uint64, key: np.uint64) -> int:
    """1 where a word may have `key` as its first, 0 where none has; alike: of the first character."""
    bit = alike << np.uint64(_BEGINS_ALIKE) | slot_of(key, np.uint64(_BEGINS_ALIKE))
    return int((trie[bit >> np.uint64(6)] >> (bit & np.uint64(63))) & np.uint64(1))


@compiled(inline="always")
def may_follow(node: np.uint64, character: np.uint32) -> int:
    """1 where a word may go on from `node` with `character`, 0 where none does."""
    kind = slot_of(np.uint64(character), np.uint64(_KINDS_OF_FOLLOWERS))
    return int((node >> (np.uint64(_FOLLOWERS) + kind)) & np.uint64(1))
