"""The webhook: one JSON POST per notice, with patience and an end to it."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
import urllib3
from urllib3.util import Retry, Timeout, make_headers, parse_url

_TIMES = Timeout(connect=3.0, read=5.0)
_RETRIES = Retry(
    total=2,
    # a POST may be repeated: notices carry an id
    allowed_methods=None,
    status_forcelist=(HTTPStatus.TOO_MANY_REQUESTS, 500, 502, 503, 504),
    raise_on_status=False,
    backoff_factor=0.2,
    # the address is the operator's choice, not the receiver's; and a receiver may not keep us waiting
    redirect=False,
    respect_retry_after_header=False,
)


class WebhookFailed(Exception):
    """The receiver did not take it. The message leaves the address out: it may hold a token."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"Webhook 未送达（{why}），稍后再送；请检查 PAIDAN_WEBHOOK_URL 与接收方 | "
            f"the webhook was not delivered ({why}) and is tried again later; check PAIDAN_WEBHOOK_URL and its receiver"
        )


class Webhook:
    """Posts to `address`; a name and password in it are sent as basic authentication."""

    def __init__(self, address: str) -> None:
        # it warns of every attempt with the path of the address, which may be a secret; what fails in the end is told here
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
        self._address = address
        self._pool = urllib3.PoolManager(1, timeout=_TIMES, retries=_RETRIES)
        credentials = parse_url(address).auth
        self._headers = {"content-type": "application/json", "user-agent": "paidan"}
        if credentials:
            self._headers |= make_headers(basic_auth=credentials)

    def post(self, notice: Mapping[str, Any]) -> None:
        """Deliver one notice, in half a minute at most. Raises WebhookFailed."""
        try:
            answer = self._pool.request("POST", self._address, body=orjson.dumps(notice), headers=self._headers)
        except urllib3.exceptions.HTTPError as error:
            cause = getattr(error, "reason", None) or error
            raise WebhookFailed(type(cause).__name__) from None
        if not HTTPStatus(200) <= answer.status < HTTPStatus(300):
            raise WebhookFailed(f"HTTP {answer.status}")
