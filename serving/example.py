"""What a newcomer sees first of a service that has just started: an example request with its answer, and the console."""

import json
import time
from collections.abc import Callable
from urllib.error import URLError
from urllib.request import Request, urlopen

from serving.console.visits import CONSOLE

COMPLAINT = {
    "source": "12345热线",
    "ticket_id": "demo-1",
    "text": "市民反映在东亭路的健身房办了年卡，上周突然关门，老板联系不上，卡里还有三千多元，要求退款。",
    "merchant": "乐动力健身",
    "address": "望江区东亭街道东亭路18号",
}

ADD_REVIEWER = "paidan people add NAME --role reviewer"
"""The command that makes an account for the console; it asks for the password."""

PATIENCE = 60.0
"""Seconds to wait for the service to be ready."""


def show_example(address: str, say: Callable[[str], None]) -> None:
    """Wait until `address` is ready, then say where the console is, a request as a curl command, and its answer.

    Nothing is said where it never is.
    """
    if not _ready(address):
        return
    body = json.dumps(COMPLAINT, ensure_ascii=False)
    request = Request(f"{address}/v1/predict", body.encode(), {"Content-Type": "application/json"})  # noqa: S310 - ours
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        said = json.dumps(json.loads(answer.read()), ensure_ascii=False, indent=2)
    say(
        f"\n服务就绪 ready: {address}    接口说明 API: {address}/openapi.json    停止 stop: Ctrl+C\n"
        f"审核台 console: {address}{CONSOLE}    新建账号 add a reviewer: {ADD_REVIEWER}\n\n"
        f"curl -s {address}/v1/predict -H 'Content-Type: application/json' -d '{body}'\n\n{said}\n"
    )


def _ready(address: str) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            urlopen(f"{address}/readyz", timeout=5).close()  # noqa: S310
        except (URLError, OSError):
            time.sleep(0.05)
        else:
            return True
    return False
