"""Links: what a wire does to the bytes that pass, seen from both of its ends."""

from __future__ import annotations

import gc
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fixtures.links import Link
from fixtures.peer_links import PeerLink

PROMPT_SECONDS = 5.0
SILENCE_SECONDS = 0.1


class Echo:
    """A server that sends back what it gets, and keeps it."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self.received = bytearray()
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            self._open.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        try:
            while data := connection.recv(65_536):
                self.received += data
                connection.sendall(data)
        except OSError:  # the wire was cut
            pass
        connection.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


def connect(wire):
    return socket.create_connection(wire.address, PROMPT_SECONDS)


def round_trip(connection, message):
    """Send, receive as much, and return it with the seconds that it took."""
    begin = time.monotonic()
    connection.sendall(message)
    answer = b""
    while len(answer) < len(message) and (data := connection.recv(65_536)):
        answer += data
    return answer, time.monotonic() - begin


def test_a_plain_wire_passes_everything_both_ways(link, echo):
    """Bytes pass unchanged, however many, and both ends see the same."""
    wire = link(echo.address)
    message = bytes(range(256)) * 4_000
    with connect(wire) as connection:
        threading.Thread(target=connection.sendall, args=(message,)).start()
        answer = b""
        while len(answer) < len(message):
            answer += connection.recv(65_536)
    assert answer == message == echo.received


def test_a_delay_holds_every_byte_both_ways(link, echo):
    """A round trip over a link of 30 ms takes at least 60 ms, each time."""
    wire = link(echo.address, delay_ms=30)
    with connect(wire) as connection:
        seconds = [round_trip(connection, b"there and back")[1] for _ in range(3)]
    assert min(seconds) >= 0.060


def test_delayed_bytes_travel_at_the_same_time(link, echo):
    """A delay is no queue: ten messages sent at once come back together, not one delay after the other."""
    wire = link(echo.address, delay_ms=100)
    with connect(wire) as connection:
        begin = time.monotonic()
        for _ in range(10):
            connection.sendall(b"x")
        answer = b""
        while len(answer) < 10:
            answer += connection.recv(10)
        seconds = time.monotonic() - begin
    assert 0.200 <= seconds < 10 * 0.200


def test_the_delay_can_change_while_a_connection_lives(link, echo):
    """A link that is slowed later delays what is sent from then on, and a healthy one no longer."""
    wire = link(echo.address)
    with connect(wire) as connection:
        round_trip(connection, b"quick")
        wire.slow(40)
        assert round_trip(connection, b"slow")[1] >= 0.080
        wire.slow(0)
        assert min(round_trip(connection, b"quick")[1] for _ in range(10)) < 0.080


def test_one_way_can_be_slower_than_the_other(link, echo):
    """The two directions of a link are their own: a delay on one is paid once in a round trip."""
    wire = link(echo.address)
    wire.to_client.delay_seconds = 0.05
    with connect(wire) as connection:
        assert min(round_trip(connection, b"x")[1] for _ in range(3)) >= 0.05


def test_a_throttled_wire_passes_no_more_than_its_rate(link, echo):
    """Forty kilobytes at 200 kB/s take at least 0.2 s each way."""
    wire = link(echo.address, bytes_per_second=200_000)
    with connect(wire) as connection:
        answer, seconds = round_trip(connection, b"x" * 40_000)
    assert len(answer) == 40_000
    assert seconds >= 0.2
    wire.throttle(None)
    with connect(wire) as connection:
        assert round_trip(connection, b"x" * 40_000)[1] < seconds


def test_a_cut_resets_what_is_open_and_refuses_what_is_new(link, echo):
    """A cut wire resets its connections at both ends, and refuses new ones."""
    wire = link(echo.address)
    with connect(wire) as connection:
        round_trip(connection, b"before")
        wire.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with pytest.raises(ConnectionRefusedError):
        connect(wire)


def test_a_healed_wire_leads_to_the_server_again_under_the_same_address(link, echo):
    """After a cut, or two, and healing, the same address serves new connections."""
    wire = link(echo.address)
    for turn in (b"first", b"second"):
        wire.cut()
        wire.cut()
        wire.heal()
        wire.heal()
        with connect(wire) as connection:
            assert round_trip(connection, turn)[0] == turn


def test_a_stalled_wire_says_nothing_and_goes_on_when_healed(link, echo):
    """While a link stalls its connections stay open and nothing arrives; healed, it delivers what was on the way."""
    wire = link(echo.address)
    with connect(wire) as connection:
        round_trip(connection, b"before")
        wire.stall()
        connection.sendall(b"meanwhile")
        connection.settimeout(SILENCE_SECONDS)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert echo.received == b"before"
        wire.heal()
        connection.settimeout(PROMPT_SECONDS)
        assert connection.recv(9) == b"meanwhile"


def test_a_stalled_wire_can_be_cut(link, echo):
    """A stall that ends in a cut resets the connection, and what was on the way is lost."""
    wire = link(echo.address)
    with connect(wire) as connection:
        round_trip(connection, b"before")
        wire.stall()
        connection.sendall(b"lost")
        wire.cut()
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert echo.received == b"before"


def test_one_bit_of_one_byte_is_altered(link, echo):
    """The byte that was asked for arrives changed in one bit, and all others as they were sent."""
    wire = link(echo.address)
    wire.alter_byte(to_server=6)
    with connect(wire) as connection:
        round_trip(connection, b"abc")
        round_trip(connection, b"defghi")
    assert echo.received == b"abcdef" + bytes([ord("g") ^ 1]) + b"hi"


def test_an_answer_can_be_altered_too(link, echo):
    """On the way back, the server has sent the truth and the client reads another."""
    wire = link(echo.address)
    wire.alter_byte(to_client=0)
    with connect(wire) as connection:
        assert round_trip(connection, b"yes")[0] == b"xes"
        assert round_trip(connection, b"yes")[0] == b"yes"
    assert echo.received == b"yesyes"


def test_what_passes_is_recorded_each_way(link, echo):
    """A link keeps what it has carried, and how much, by direction."""
    wire = link(echo.address)
    with connect(wire) as connection:
        round_trip(connection, b"secret")
    assert bytes(wire.to_server.recorded) == b"secret" == bytes(wire.to_client.recorded)
    assert wire.to_server.passed == wire.to_client.passed == 6


def test_connections_are_counted(link, echo):
    """A link counts the connections that it has accepted, closed ones included."""
    wire = link(echo.address)
    for expected in (1, 2, 3):
        with connect(wire) as connection:
            round_trip(connection, b"x")
        assert wire.connections == expected


def test_an_end_of_sending_is_passed_on(link, echo):
    """A client that has said all still gets the rest of the answer."""
    wire = link(echo.address, delay_ms=5)
    with connect(wire) as connection:
        connection.sendall(b"all of it")
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(100), b""))
    assert answer == b"all of it"


def test_a_server_that_is_gone_shows_as_a_reset(link, echo):
    """Where nobody listens behind the link, its client's connection is reset."""
    wire = link(echo.address)
    echo.close()
    echo._listener = socket.create_server(("127.0.0.1", 0))
    with pytest.raises(ConnectionResetError), connect(wire) as connection:
        connection.recv(1)


def test_many_connections_pass_side_by_side(link, echo):
    """Thirty-two connections at once each get their own bytes back, and none another's."""
    wire = link(echo.address)

    def talk(number):
        with connect(wire) as connection:
            message = bytes([number]) * 20_000
            return [round_trip(connection, message)[0] == message for _ in range(3)]

    with ThreadPoolExecutor(32) as clients:
        assert all(all(results) for results in clients.map(talk, range(32)))
    assert wire.connections == 32


def test_it_closes_cleanly_while_clients_crowd_in(echo, recwarn):
    """A link that is cut, healed and closed under a crowd of new clients leaves no thread and no connection."""
    wire = Link(*echo.address)
    ends = threading.Event()

    def crowd():
        while not ends.is_set():
            try:
                with connect(wire) as connection:
                    round_trip(connection, b"x")
            except OSError:  # refused, reset: as it should be
                pass

    with ThreadPoolExecutor(8) as clients:
        for _ in range(8):
            clients.submit(crowd)
        for _ in range(30):
            wire.cut()
            wire.heal()
        wire.close()
        ends.set()

    assert not wire._thread.is_alive()
    gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_it_leads_to_a_server_by_name(link, redis_server):
    """A link takes a server as well as an address, and speaks its protocol unharmed."""
    wire = link(redis_server)
    with redis_server.recipe.client(redis_server.recipe.url(*wire.address)) as client:
        assert client.ping()
    assert b"PING" in wire.to_server.recorded


def test_a_peer_link_refuses_one_member_and_passes_the_others(echo):
    """A link before a member of etcd breaks what one peer has open, and what it opens, until that peer is admitted again."""
    link = PeerLink(*echo.address)

    def says(sender, connection):
        connection.sendall(b"GET / HTTP/1.1\r\nX-Server-From: %s\r\n\r\n" % sender)
        try:
            return sender in connection.recv(1_000)
        except ConnectionResetError:
            return False

    with connect(link) as cut, connect(link) as other:
        assert says(b"a1", cut)
        assert says(b"b2", other)
        link.refuse("a1")
        with pytest.raises(ConnectionResetError):
            cut.recv(1)
        with connect(link) as again:
            assert not says(b"a1", again)
        assert says(b"b2", other)
    link.admit_all()
    with connect(link) as healed:
        assert says(b"a1", healed)
    link.close()


def test_a_peer_link_knows_a_member_that_gives_its_name_late(echo):
    """A connection that began with a request which bears no name is broken as soon as it is known whose it is."""
    link = PeerLink(*echo.address)
    link.refuse("a1")

    with connect(link) as kept:
        kept.sendall(b"GET /probing HTTP/1.1\r\n\r\n")
        answer = kept.recv(1_000)
        kept.sendall(b"POST / HTTP/1.1\r\nX-Server-From: a1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            kept.recv(1_000)

    assert answer.startswith(b"GET /probing")
    assert b"a1" not in link.to_server.recorded
    link.close()
