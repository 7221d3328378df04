import pytest

from auditing.log.framing import Frames, framed

MESSAGES = [[], "两", (1, b"x" * 70_000), [None] * 3]


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1000, 1 << 20])
def test_messages_are_whole_however_they_were_cut(size):
    stream, frames = b"".join(map(framed, MESSAGES)), Frames()
    pieces = [memoryview(stream)[start : start + size] for start in range(0, len(stream), size)]
    assert [message for piece in pieces for message in frames.of(piece)] == MESSAGES


def test_a_message_is_not_given_before_it_is_whole():
    stream, frames = framed("whole"), Frames()
    assert list(frames.of(stream[:-1])) == []
    assert list(frames.of(stream[-1:])) == ["whole"]
