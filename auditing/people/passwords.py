"""Passwords: argon2id (RFC 9106), with the parameters and the salt inside the hash."""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auditing.people.errors import PasswordUnfit

SHORTEST, LONGEST = 10, 200
"""Characters of a password."""


class Passwords:
    """Makes and checks hashes, one at a time: each takes 64 MiB for the tenth of a second that it lasts."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.Lock()
        self._nobody: str | None = None

    def hash(self, password: str, name: str) -> str:
        """Hash the password of `name`. Raises PasswordUnfit."""
        plain = _plain(password)
        if not SHORTEST <= len(plain) <= LONGEST or name.casefold() in plain.casefold() or len(set(plain)) == 1:
            raise PasswordUnfit(SHORTEST, LONGEST)
        return self.hash_again(password)

    def hash_again(self, password: str) -> str:
        """Hash a password that was taken before."""
        with self._turn:
            return self._hasher.hash(_plain(password))

    def fits(self, stored: str | None, password: str) -> bool:
        """Whether `password` is that of the hash `stored`; None takes as long, and is never fitted."""
        if len(password) > LONGEST:
            return False
        with self._turn:
            if self._nobody is None:
                self._nobody = self._hasher.hash("whoever has no account")
            try:
                self._hasher.verify(stored or self._nobody, _plain(password))
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    def is_dated(self, stored: str) -> bool:
        """Whether `stored` was made with weaker parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)


def _plain(password: str) -> str:
    # the same keys may give different code points on another machine (NIST SP 800-63B, 3.1.1.2)
    return unicodedata.normalize("NFKC", password)
