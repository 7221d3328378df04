"""Answers as they leave the server: whole, or part by part where that is how they are made."""

import asyncio
import gc
import weakref
from contextlib import asynccontextmanager

import pytest
import uvicorn
from uvicorn.server import ServerState

from serving.http.edge import Edge
from serving.http.one_write import AT_ONCE, OneWriteProtocol
from serving.http.replies import JsonReply, Problems
from serving.metrics import Metrics
from serving.routes.predict import read_json

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request):
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def connected(app):
    settings = {"ws": "none", "lifespan": "off", "log_config": None, "access_log": False}
    config = uvicorn.Config(app, http=OneWriteProtocol, **settings)
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: OneWriteProtocol(config, ServerState(), {}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()
        await writer.wait_closed()


async def whole(scope, receive, send):
    await receive()
    headers = [(b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": scope["path"].encode().ljust(5)})


async def test_head_and_body_of_an_answer_arrive_together_and_the_connection_goes_on():
    async with connected(whole) as (reader, writer):
        for path in (b"/one", b"/two"):
            writer.write(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
            answer = await reader.read(1000)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answer.endswith(b"\r\n\r\n" + path.ljust(5))


async def test_answers_to_requests_that_came_together_leave_in_their_order():
    async with connected(whole) as (reader, writer):
        writer.write(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(3)))
        for number in range(3):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert await reader.readexactly(5) == b"/%d   " % number


@pytest.mark.parametrize(("request_line", "body"), [(b"HEAD /", b""), (b"GET /all", b"/all ")])
async def test_an_answer_that_ends_the_connection_is_sent_before(request_line, body):
    async with connected(whole) as (reader, writer):
        writer.write(request_line + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\n" + body)


async def test_what_is_made_part_by_part_arrives_part_by_part():
    go_on = asyncio.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"last"})

    async with connected(app) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"first")
        go_on.set()
        await reader.readuntil(b"last\r\n0\r\n\r\n")


async def test_who_fails_in_the_middle_of_an_answer_has_sent_what_went_before():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError

    async with connected(app) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.read()).endswith(b"\r\n\r\nhalf")


async def test_a_request_is_gone_with_its_answer_and_leaves_nothing_to_the_collector_of_garbage():
    metrics, cycles = Metrics(), []
    edge = Edge(metrics, Problems(metrics, model_retry=1.0), limit=100, limits={})

    async def endpoint(request):
        return JsonReply(await read_json(request))

    async def app(scope, receive, send):
        cycles.append(weakref.ref(scope[AT_ONCE]._cycle))
        await edge.serve(scope, receive, send, lane=endpoint)

    gc.disable()
    try:
        async with connected(app) as (reader, writer):
            for _ in range(3):
                writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
                assert (await reader.read(1000)).endswith(b"\r\n\r\n{}")
            # the connection keeps its last one
            assert [cycle() for cycle in cycles[:-1]] == [None, None]
    finally:
        gc.enable()


async def in_one_piece(scope, receive, send):
    """Give the body back: in one piece where that can be, else by messages; `by` tells which way body and answer took."""
    body = scope[AT_ONCE].body()
    by = b"messages"
    if body is None:
        body = await read_all(receive)
    else:
        by = b"piece"
    headers = [(b"content-length", b"%d" % len(body)), (b"by", by)]
    if not scope[AT_ONCE].answer(200, headers, body):
        headers.append((b"answered-by", b"messages"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def read_all(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body


async def test_a_whole_body_is_given_and_answered_without_messages():
    async with connected(in_one_piece) as (reader, writer):
        for body in (b"one", b"", b"three"):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            head, _, answered = (await reader.read(1000)).partition(b"\r\n\r\n")
            assert head == b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nby: piece" % len(body)
            assert answered == body


async def test_whole_answers_to_requests_that_came_together_leave_in_their_order():
    async with connected(in_one_piece) as (reader, writer):
        writer.write(
            b"".join(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % number for number in range(3))
        )
        for number in range(3):
            await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(1) == b"%d" % number


async def test_a_body_of_which_the_end_is_not_there_yet_is_received():
    async with connected(in_one_piece) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"half")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"by: messages\r\n" in head
        assert b"answered-by" not in head
        assert await reader.readexactly(8) == b"halfhalf"


async def test_who_wants_the_connection_ended_is_answered_by_messages():
    async with connected(in_one_piece) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nend")
        answer = await reader.read()
        assert b"answered-by: messages\r\n" in answer
        assert b"connection: close\r\n" in answer
        assert answer.endswith(b"\r\n\r\nend")


async def test_a_request_that_is_none_gets_its_refusal():
    async with connected(whole) as (reader, writer):
        writer.write(b"nonsense\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
