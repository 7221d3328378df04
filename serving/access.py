"""Who may do what: API keys in `Authorization: Bearer pd_…` or `X-API-Key`.

/livez, /readyz, /metrics and /openapi.json are open. The first three are asked by load balancers and monitors, which
hold no keys, and tell nothing of a complaint; the last describes the interface to whoever is about to use it.
"""

import asyncio

from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPBearer
from starlette.types import Scope as AsgiScope

from auditing.log.accesses import NOBODY
from auditing.people.keys import TOKEN_PREFIX, KeyRing, Scope
from serving.refusals import Forbidden, Unauthenticated

_LONGEST_TOKEN = 200

DOCUMENTED = (
    Depends(HTTPBearer(auto_error=False, scheme_name="bearer", description="API key, pd_…")),
    Depends(APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="header", description="API key, pd_…")),
)
"""How a key is sent, for /openapi.json; whether it is taken is `Gate`'s to say."""


class Gate:
    """Lets requests in whose key allows it; without `keys` (loopback only, see Settings) all are let in."""

    def __init__(self, keys: KeyRing | None) -> None:
        self._keys = keys

    async def admit(self, request: AsgiScope, needed: Scope) -> str:
        """Let the request pass if its key has the scope `needed`, and give the id of the key.

        Raises:
            Unauthenticated: no key, or none that is known.
            Forbidden: the key lacks the scope.
            StoreUnavailable: keys cannot be looked up.

        """
        if self._keys is None:
            return NOBODY
        token = _token(dict(request["headers"]))
        remembered, key = self._keys.recall(token)
        if not remembered:
            # off the loop: this one goes to the store
            key = await asyncio.to_thread(self._keys.authenticate, token)
        if key is None:
            raise Unauthenticated
        if not key.allows(needed):
            raise Forbidden(needed, key.key_id)
        return key.key_id


def _token(headers: dict[bytes, bytes]) -> str:
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer":
        token = headers.get(b"x-api-key", b"")
    token = token.strip()
    # what is no token of ours need not be looked up
    if not token.startswith(TOKEN_PREFIX.encode()) or len(token) > _LONGEST_TOKEN:
        raise Unauthenticated
    return token.decode("latin-1")
