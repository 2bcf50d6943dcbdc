"""The results of the public audit of 08: what of it is a complaint."""

from tools.graphql_http_audit import complaints, counts


def test_only_a_must_that_is_not_held_is_a_complaint():
    """A MUST that is not held is told with its reason, a SHOULD or a MAY is counted, and an audit without any MUST proves nothing."""
    held = [{"id": "1", "name": "MUST a", "status": "ok"}, {"id": "2", "name": "SHOULD b", "status": "warn"}]
    broken = {"id": "3", "name": "MUST c", "status": "error", "reason": "status 500"}

    assert complaints(held) == []
    assert complaints([*held, broken]) == ["3 MUST c: status 500"]
    assert complaints(held[1:]) == ["the audit has no test that MUST be held"]
    assert counts([*held, broken]) == {"MUST": (1, 2), "SHOULD": (0, 1), "MAY": (0, 0)}
