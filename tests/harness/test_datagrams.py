"""Datagram links: what they do to the packets that pass, and what they leave."""

import socket
import threading
import time

import pytest

from fixtures.datagrams import OPEN_AT_ONCE, DatagramLink

PROMPT_SECONDS = 5.0
SILENCE_SECONDS = 0.1
DELAY_MS = 30


@pytest.fixture
def echo(listener):
    """The address of a server that sends each datagram back to where it came from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(listener.getsockname())

        def talk():
            while (received := datagrams.recvfrom(65_535))[0] != b"end":
                datagrams.sendto(*received)

        talking = threading.Thread(target=talk)
        talking.start()
        yield datagrams.getsockname()
        datagrams.sendto(b"end", datagrams.getsockname())
        talking.join()


@pytest.fixture
def listener():
    """What accepts connections on the port of `echo`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PROMPT_SECONDS)
        yield listener


@pytest.fixture
def client():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(PROMPT_SECONDS)
        yield client


def says(client, link, packet):
    client.sendto(packet, link.address)
    return client.recv(65_535)


def test_datagrams_pass_both_ways_and_are_noted(datagram_link, echo, client):
    """Each datagram reaches the server and its answer the client, whole, and what the client has sent is kept with its port."""
    link = datagram_link(echo)

    assert [says(client, link, packet) for packet in (b"first", b"", bytes(9_000))] == [b"first", b"", bytes(9_000)]
    assert [question.packet for question in link.questions] == [b"first", b"", bytes(9_000)]
    assert {question.port for question in link.questions} == {client.getsockname()[1]}


def test_connections_pass_on_the_same_port(datagram_link, echo, listener):
    """What does not fit a datagram finds the same server under the same address by TCP."""
    link = datagram_link(echo)
    with socket.create_connection(link.address, PROMPT_SECONDS) as connection, listener.accept()[0] as accepted:
        connection.sendall(b"hello")
        assert accepted.recv(100) == b"hello"
    assert link.tcp.connections == 1
    assert link.questions == []


def test_a_round_trip_takes_both_delays(datagram_link, echo, client):
    """A delay of so many milliseconds each way makes a round trip twice as long, and keeps the order."""
    link = datagram_link(echo, delay_ms=DELAY_MS)
    begin = time.monotonic()
    assert says(client, link, b"slow") == b"slow"
    assert time.monotonic() - begin >= 2 * DELAY_MS / 1_000


def test_what_is_lost_is_noted_and_never_answered(datagram_link, echo, client):
    """While a link loses what clients send the server hears nothing; then all is as before."""
    link = datagram_link(echo)
    link.losing = True
    client.settimeout(SILENCE_SECONDS)
    with pytest.raises(TimeoutError):
        says(client, link, b"lost")
    link.losing = False
    client.settimeout(PROMPT_SECONDS)

    assert says(client, link, b"here") == b"here"
    assert [question.packet for question in link.questions] == [b"lost", b"here"]


def test_answers_are_altered_and_forged(datagram_link, echo, client):
    """A forged answer comes before the true one and from the server's address, another from elsewhere; the true one as altered."""
    link = datagram_link(echo)
    link.alter = bytes.upper
    link.forge = lambda question: [b"forged " + question]
    link.forge_elsewhere = lambda question: [b"elsewhere " + question]
    client.sendto(b"truth", link.address)
    received = dict(client.recvfrom(100) for _ in range(3))

    assert received.keys() == {b"forged truth", b"elsewhere truth", b"TRUTH"}
    assert received[b"forged truth"] == received[b"TRUTH"] == link.address
    assert received[b"elsewhere truth"] != link.address


def test_more_clients_than_ways_are_served(datagram_link, echo):
    """However many clients have asked, only so many ways to the server are open, and the next client is served."""
    link = datagram_link(echo)
    for number in range(OPEN_AT_ONCE + 10):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(PROMPT_SECONDS)
            assert says(one, link, b"%d" % number) == b"%d" % number
    assert len(link._ways) <= OPEN_AT_ONCE


def test_a_dead_server_is_silence_and_the_link_closes_cleanly(echo, client, recwarn):
    """Behind the link of a server that is gone there is nothing but silence, and its sockets and thread end with the link."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        gone = nobody.getsockname()
    link = DatagramLink(*gone)
    client.settimeout(SILENCE_SECONDS)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            says(client, link, b"anybody?")
    link.close()

    assert not link._thread.is_alive()
    assert [str(warning.message) for warning in recwarn] == []
