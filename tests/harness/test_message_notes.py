"""Notes on responses: what is against a specification, or likely not meant, is told; what is sound is not."""

import pytest

from fixtures.message_notes import Exchange, message_notes

URL = "http://shop.example/things/1"
DATE = ("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
JSON = ("Content-Type", "application/json")
CACHED = [("Cache-Control", "no-cache"), ("ETag", '"1"')]
BODY = b'{"number": 1}'
LENGTH = ("Content-Length", str(len(BODY)))
SOUND = [DATE, JSON, LENGTH, *CACHED]

WRONG = {
    "CL_INCORRECT": Exchange("GET", URL, 200, [DATE, JSON, ("Content-Length", "3"), *CACHED], BODY),
    "CONTENT_NOT_ALLOWED": Exchange("HEAD", URL, 200, SOUND, BODY),
    "BAD_SYNTAX": Exchange("GET", URL, 200, [DATE, JSON, LENGTH, ("ETag", "without its quotes")], BODY),
    "BAD_DATE_SYNTAX": Exchange("GET", URL, 200, [*SOUND, ("Last-Modified", "yesterday")], BODY),
    "SET_COOKIE_UNKNOWN_ATTRIBUTE_VALUE": Exchange(
        "GET", URL, 200, [*SOUND, ("Set-Cookie", "a=b; SameSite=Now")], BODY
    ),
    "PARTIAL_WITHOUT_RANGE": Exchange("GET", URL, 206, SOUND, BODY, [("Range", "bytes=0-3")]),
    "PARTIAL_NOT_REQUESTED": Exchange("GET", URL, 206, [*SOUND, ("Content-Range", "bytes 0-12/13")], BODY),
    "FRESHNESS_NO_CACHE_NO_VALIDATOR": Exchange("GET", URL, 200, [DATE, JSON, LENGTH, CACHED[0]], BODY),
}


def test_a_sound_response_has_no_note():
    """A response that keeps to everything is not complained of, by GET or by HEAD."""
    assert message_notes([Exchange("GET", URL, 200, SOUND, BODY), Exchange("HEAD", URL, 200, SOUND)]) == []


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_with_a_response_is_told(what):
    """A note tells which response it is about, and its level counts."""
    notes = message_notes([WRONG[what]])

    assert any(note.text.startswith(what) for note in notes), notes
    assert {note.exchange for note in notes} == {f"{WRONG[what].method} {URL} → {WRONG[what].status}"}


def test_only_the_levels_asked_for_are_returned():
    """Praise and description are there, but count only for who asks for them."""
    exchange = Exchange("GET", URL, 200, SOUND, BODY)

    assert {note.level for note in message_notes([exchange], ("good", "info"))} >= {"good"}
