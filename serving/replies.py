"""Responses whose bytes are made already."""

from starlette.responses import Response

from serving.problems import render


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


class ProblemReply(Response):
    """The answer to an error, problem+json; `retry_after` in seconds where it is known better than the table."""

    def __init__(self, error: Exception, request_id: str, *, retry_after: float | None = None) -> None:
        status, headers, body = render(error, request_id, retry_after=retry_after)
        super().__init__(body, status_code=status, headers=headers)
