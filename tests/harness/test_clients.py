"""The clients of the specifications: they tell what they got, and go on until they are told to stop."""

import pytest

from fixtures.clients import Load, Traffic, ask
from fixtures.eventually import eventually
from fixtures.processes import HOST, free_port

PAGES = """server { listen {listen}; location / { return 200 "here$http_x_more"; } location = /lost { return 444; } }"""
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Nowhere:
    host, port = HOST, free_port()


@pytest.fixture
def pages(make_nginx):
    return make_nginx(http=PAGES)


def test_an_answer_tells_its_status_its_body_and_its_time(pages):
    """One request brings one answer; a server that hangs up or is not there brings status 0."""
    answer = ask(pages, headers={"X-More": "-and-there"})

    assert (answer.status, answer.body) == (200, "here-and-there")
    assert 0 < answer.seconds < 10
    assert ask(pages, path="/lost").status == 0
    assert ask(Nowhere).status == 0


@pytest.mark.parametrize("keep", [True, False])
def test_traffic_goes_on_as_long_as_its_block(pages, keep):
    """Clients ask one request after the other until the block ends, and none later."""
    with Traffic(pages, clients=2, keep=keep) as traffic:
        traffic.goes_on(20)
    answers = len(traffic.answers)

    assert answers >= 20
    assert traffic.failed == []
    assert not any(thread.is_alive() for thread in traffic._threads)


def test_load_sends_as_many_requests_as_it_was_told(make_nginx):
    """Each of so many requests is sent once, over connections that are kept."""
    server = make_nginx(http=PAGES.replace("{ listen", "{ access_log {directory}/requests; listen"))
    with Load(server, REQUEST, b"\r\n\r\nhere", connections=4) as load:
        load(10)
        load(4)

    answered = lambda: (server.directory / "requests").read_text().count('"GET / HTTP/1.1" 200')
    eventually(lambda: answered() >= 14)  # what is answered is not written down yet
    assert answered() == 14


def test_load_notices_answers_that_are_not_well(pages):
    """An answer other than 200 and a connection that is hung up on end the load with an error."""
    for request in (b"GET /nothing HTTP/1.1\r\n\r\n", b"GET /lost HTTP/1.1\r\nHost: a\r\n\r\n"):
        with Load(pages, request, b"", connections=1) as load, pytest.raises(AssertionError):
            load(1)
