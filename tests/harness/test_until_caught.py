"""`--until-caught`: what a test that has failed on one of its engines leaves out."""

ENGINES = """
    import pytest

    from fixtures.engines import engines

    @pytest.fixture(params=engines({"one": None, "two": None, "three": "redis"}))
    def engine(request):
        return request.param

    def test_fails_on_the_second(engine):
        assert engine != "two"

    def test_has_an_accident_on_the_first(engine):
        assert {"two": 2, "three": 3}[engine]

    @pytest.mark.differs({"one": "it is the first"})
    def test_differs_on_the_first(engine):
        assert engine != "one"
"""


def test_a_test_that_has_failed_by_an_assertion_is_over(sessions):
    """The engines behind the one that fails are not reached; accidents and named differences end nothing."""
    verdicts = sessions(ENGINES, "--until-caught").verdicts()

    assert verdicts == {
        "test_fails_on_the_second[one]": "held",
        "test_fails_on_the_second[two]": "broken",
        "test_fails_on_the_second[three]": "not reached",
        "test_has_an_accident_on_the_first[one]": "broken",
        "test_has_an_accident_on_the_first[two]": "held",
        "test_has_an_accident_on_the_first[three]": "held",
        "test_differs_on_the_first[one]": "held",
        "test_differs_on_the_first[two]": "held",
        "test_differs_on_the_first[three]": "held",
    }


def test_no_server_starts_for_what_is_not_reached(sessions, provider):
    """A server starts with the first test that uses it, and not ahead of it."""
    outcome = sessions(ENGINES, "--until-caught", f"--servers={provider}", "-k", "fails")

    assert outcome.run["servers"] == []
