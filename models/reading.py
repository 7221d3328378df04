"""A complaint as the scorer takes it, and the way back from its code points to what was written."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from features.codepoints import Offsets
from features.compiled import compiled
from features.complaint import Complaint
from features.normalise import NormalisedText, Normaliser
from features.privacy import mask
from models.fitted import FIELDS
from models.scores import LEADING, Integers

_NOTHING = NormalisedText(np.frombuffer(b"", np.uint32), np.frombuffer(bytes(4), np.int32), (), frozenset())
"""What the empty text becomes; its arrays are read-only, for all readings share them."""

_EDGE = np.dtype(np.int32)


class Reading:
    """The normalised fields of a complaint.

    codepoints: uint32, the fields one after another; edges: int32 [fields + 1], where each begins, and the end. Both
    are read-only or small: compiled code is made for one kind of array. offsets: int32, those of the fields that are not
    empty, one after another.
    """

    __slots__ = ("_odd", "_places", "codepoints", "complaint", "edges", "fields", "normalise", "offsets")

    def __init__(self, complaint: Complaint, normalise: Normaliser) -> None:
        self.complaint = complaint
        self.normalise = normalise
        self._places: list[list[int] | None] = [None] * len(FIELDS)
        self._odd = False
        fields, edges, end, filled, placed = [], [0], 0, [], []
        for value in (complaint.title, complaint.text, complaint.merchant, complaint.address):
            # most fields of most complaints are empty, and to normalise nothing costs a quarter of a reading
            if value:
                field = normalise(value)
                codepoints, offsets, personal, flags = field
                if size := len(codepoints):
                    end += size
                    filled.append(codepoints)
                    placed.append(offsets)
                if personal or flags:
                    self._odd = True
                fields.append(field)
            else:
                fields.append(_NOTHING)
            edges.append(end)
        self.fields = fields
        if len(filled) == 1:
            self.codepoints, self.offsets = filled[0], placed[0]
        else:
            self.offsets = np.concatenate(placed or [_NOTHING.offsets])
            self.codepoints = np.concatenate(filled or [_NOTHING.codepoints])
            self.codepoints.flags.writeable = False
        self.edges = np.array(edges, _EDGE)

    def masked(self) -> Complaint:
        """The complaint with personal data masked; lengths and offsets stay."""
        if not self._odd:
            return self.complaint
        changed: dict[str, Any] = {
            name: mask(getattr(self.complaint, name), field.personal)
            for name, field in zip(FIELDS, self.fields, strict=True)
            if field.personal
        }
        return replace(self.complaint, **changed) if changed else self.complaint

    def flags(self) -> tuple[str, ...]:
        """What was odd about any field, sorted."""
        if not self._odd:
            return ()
        found = [flag for field in self.fields for flag in field.flags]
        return tuple(sorted(set(found)))

    def original_spans(self, spans: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Where spans (field, start, end) of fields' code points stand in the original fields."""
        found, places = [], self._places
        for field, start, end in spans:
            # a list, for a few numbers out of an array cost more than all of them at once
            offsets = places[field] or self._place(field)
            last = offsets[end - 1]
            stop = last + 1
            if offsets[end] > stop and self._stands_for_more(field, end - 1, last):
                stop = offsets[bisect_right(offsets, last)]
            found.append((field, offsets[start], stop))
        return found

    def _place(self, field: int) -> list[int]:
        offsets: list[int] = self.fields[field].offsets.tolist()
        self._places[field] = offsets
        return offsets

    def _stands_for_more(self, field: int, place: int, original: int) -> bool:
        """Whether a code point came in the place of several characters: a mask, an alias or an entity."""
        character = chr(self.fields[field].codepoints[place])
        wrote = getattr(self.complaint, FIELDS[field])[original]
        return bool(character != wrote and character != self.normalise(wrote).text)


@compiled()
def place_in_originals(whole: Integers, edges: Integers, offsets: Offsets) -> None:
    """Write where the evidence in `models.scores.Scores.whole` stands in the original fields, in the place of its spans.

    edges, offsets: of the `Reading`. A span behind which something was left out may have come in the place of more
    characters: it stays as it is, with -1 - end for its end (never -1, which ends the spans), for
    `Reading.original_spans`.
    """
    for head in range(len(whole) - 1):
        for span in range(LEADING, whole.shape[1], 3):
            field, start, end = whole[head, span], whole[head, span + 1], whole[head, span + 2]
            if field < 0:
                break
            base = edges[field]
            for before in range(field):
                # the offsets of each field are one more than its code points
                base += edges[before + 1] > edges[before]
            stop = offsets[base + end - 1] + 1
            if offsets[base + end] > stop:
                whole[head, span + 2] = -1 - end
            else:
                whole[head, span + 1] = offsets[base + start]
                whole[head, span + 2] = stop
