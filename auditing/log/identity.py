"""Names for predictions that a retry finds again, and digests that cannot be guessed.

A complaint may hold a phone number, and phone numbers are few enough to try them all against a plain hash. So every
digest here is keyed (BLAKE2b in keyed mode, RFC 7693) with a secret that lies beside the database, not in it.

A `prediction_id` is `p_` and 44 hexadecimal digits in three parts: 16 for the ticket, 16 for its content, 12 for the
versions of model and charter (and the offices that were left out). All predictions of one ticket, and all of one content of it, are therefore neighbours in one index.
"""

import contextlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from auditing.errors import DigestKeyUnusable
from features.complaint import Complaint
from models.charter.route import CharterVersion
from models.prediction import ModelVersion, made

KEY_BYTES = 32
"""Length of the secret."""

PREFIX = "p_"
TICKET_LENGTH = len(PREFIX) + 16
"""Characters of a prediction_id that name the ticket."""
CONTENT_LENGTH = TICKET_LENGTH + 16
"""Characters of a prediction_id that name the ticket and its content."""
ID_LENGTH = CONTENT_LENGTH + 12
"""Characters of a whole prediction_id."""


class Identity(NamedTuple):
    """What a complaint is called under a version of model and charter: `content_digest` is 32 hexadecimal digits."""

    prediction_id: str
    content_digest: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """Derives identities with one secret `key`; the secret is not shown in its representation."""

    key: bytes = field(repr=False)

    def identify(
        self, complaint: Complaint, model: ModelVersion, charter: CharterVersion, excluded: Sequence[str] = ()
    ) -> Identity:
        """Name `complaint` (as received, not masked) as `model` and `charter` answer it.

        Source and ticket_id name the ticket; title, text, merchant and address are the content; `received_at` is
        neither, because a retry may well be stamped anew. Another charter answers differently, and so do the same versions
        that leave out the `excluded` offices: each is a prediction of its own.
        """
        key = self.key
        source, number = complaint.source, complaint.ticket_id
        ticket = _keyed(key, b"ticket", 8, f"{len(source)},{len(number)};{source}{number}")
        title, text, merchant, address = complaint.title, complaint.text, complaint.merchant, complaint.address
        lengths = f"{len(title)},{len(text)},{len(merchant)},{len(address)}"
        content = _keyed(key, b"content", 16, f"{lengths};{title}{text}{merchant}{address}")
        versions = _digest_of_version(key, model.name, model.version, charter.name, charter.version, *excluded)
        return made(Identity, (f"{PREFIX}{ticket}{content[:16]}{versions}", content))


def _keyed(key: bytes, purpose: bytes, size: int, parts: str) -> str:
    """Digest `parts`, before which their lengths go, so that ("ab", "c") and ("a", "bc") differ."""
    return blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=size, key=key, person=purpose).hexdigest()


@lru_cache(maxsize=64)
def _digest_of_version(key: bytes, *parts: str) -> str:
    return _keyed(key, b"version", 6, f"{','.join([str(len(part)) for part in parts])};{''.join(parts)}")


def load_or_create_key(path: Path) -> bytes:
    """Read the secret at `path`, making it (mode 0600) when it is not there.

    Several processes may start at once: the file appears complete or not at all, and all of them get the same secret.

    Raises:
        DigestKeyUnusable: the file cannot be read or made, or does not hold `KEY_BYTES` bytes.

    """
    try:
        if not path.exists():
            _create(path)
        key = path.read_bytes()
    except OSError as error:
        raise DigestKeyUnusable(path, type(error).__name__) from error
    if len(key) != KEY_BYTES:
        raise DigestKeyUnusable(path, f"{len(key)} bytes instead of {KEY_BYTES}")
    return key


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # a link, not a rename: it fails when another process was first, and never replaces that one's secret
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
