"""Responses whose bytes are made already, and the one place where errors become answers."""

import logging

from starlette.responses import Response

from auditing.discretion import where
from serving.http.problems import INTERNAL, kind_of, render
from serving.metrics import Metrics
from serving.refusals import NoModel

_log = logging.getLogger(__name__)


class JsonReply(Response):
    """JSON, as bytes. Not to be kept by caches on the way: answers concern people."""

    media_type = "application/json"

    def __init__(self, body: bytes, status: int = 200) -> None:
        # the general constructor encodes headers anew for every response
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]


class Problems:
    """Answers errors, and counts them. `model_retry`: seconds after which it is worth asking for a model again."""

    def __init__(self, metrics: Metrics, *, model_retry: float) -> None:
        self._metrics = metrics
        self._model_retry = model_retry

    def answer(self, error: Exception, request_id: str) -> Response:
        """Make the problem+json of `error`; what is a defect of ours is logged under the name of the request."""
        kind = kind_of(error)
        self._metrics.count_problem(kind.code)
        if kind is INTERNAL:
            # without the message, which may quote the complaint
            _log.error("请求 %s 出错 | request %s failed: %s", request_id, request_id, where(error))
        retry_after = self._model_retry if isinstance(error, NoModel) else None
        status, headers, body = render(error, request_id, retry_after=retry_after)
        return Response(body, status_code=status, headers=headers)
