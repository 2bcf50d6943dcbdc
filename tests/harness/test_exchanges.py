"""Exchanges: what a client has sent and got, judged, and bytes that no library would send."""

import socket
import threading
from contextlib import contextmanager
from http.client import IncompleteRead
from types import SimpleNamespace

import pytest

from fixtures.exchanges import Client, answers, dripped, head, last_exchange, read_as_response, statuses

SOUND = (
    b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\n"
    b'Content-Length: 5\r\nCache-Control: no-cache\r\nETag: "1"\r\n\r\nhello'
)
DROPS = 1_000


@contextmanager
def server(answer, reads=1):
    """Serve one connection: read so often, answer, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                for _ in range(reads):
                    connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        host, port = listener.getsockname()
        yield SimpleNamespace(host=host, port=port)
        thread.join()


def test_a_client_keeps_what_it_has_sent_and_got():
    """An exchange is kept whole, and read by the test as status, fields and body."""
    kept = []
    with server(SOUND) as one, Client(one, kept) as client:
        got = client.send("GET", "/a", X_Name="value")

    assert (got.status, got.headers["etag"], got.body) == (200, '"1"', b"hello")
    assert (kept[0].method, kept[0].url.endswith("/a"), kept[0].body) == ("GET", True, b"hello")
    assert ("X-Name", "value") in kept[0].sent
    assert len(client.ports) == 1


def test_a_client_takes_no_response_with_a_note():
    """A response that is against a specification fails the test that got it."""
    wrong = SOUND.replace(b'"1"', b"no quotes")

    with server(wrong) as one, Client(one) as client, pytest.raises(AssertionError, match="ETag"):
        client.send("GET", "/")


def test_bytes_are_sent_as_they_are_and_answers_read_to_the_end():
    """Several responses are told apart by their first lines, and the last can be looked at by itself."""
    with server(SOUND + SOUND.replace(b"200 OK", b"404 Not Found")) as one:
        got = answers(one, head("GET", "/"))

    assert statuses(got) == [200, 404]
    assert (last_exchange(got).status, last_exchange(got).body) == (404, b"hello")


def test_a_response_that_ends_too_early_is_an_error():
    """A client that reads less than was announced is told so."""
    assert read_as_response(SOUND) == b"hello"
    with pytest.raises(IncompleteRead):
        read_as_response(SOUND[:-1])


def test_drops_are_counted_until_the_server_hangs_up():
    """So many drops went out before the answer came; who is never answered has sent them all."""
    with server(SOUND, reads=3) as one:
        drops, told = dripped(one, b"GET ", b"x", DROPS, 0.01)

    assert 1 <= drops < DROPS
    assert told == SOUND
    with server(SOUND, reads=10) as one:
        assert dripped(one, b"GET ", b"x", 2, 0.01) == (2, b"")
