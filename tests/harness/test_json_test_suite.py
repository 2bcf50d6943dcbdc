"""The results of the public test suite for JSON parsers: which answers are wrong verdicts."""

from tools.json_test_suite import complaints


def test_only_a_right_answer_is_no_complaint():
    """What must be accepted, refused or either is held to that, and a failure of the server is never right."""
    right = {"y_a.json": 201, "y_b.json": 204, "n_a.json": 400, "i_a.json": 204, "i_b.json": 400}
    wrong = {"y_a.json": 400, "n_a.json": 204, "n_b.json": 422, "i_a.json": 500}

    assert complaints({"ours": right}) == []
    assert complaints({"ours": wrong}) == [f"ours: {name} was answered {status}" for name, status in wrong.items()]
