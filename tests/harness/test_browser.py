"""The browser: pages as people see them, each visitor apart from the others, and nothing of it left behind."""

from __future__ import annotations

import signal

import psutil
import pytest

from fixtures.endpoints import served_endpoints

PAGE = """\
<!doctype html><title>Button</title><link rel="icon" href="data:,">
<button>press</button>
<script>
  document.querySelector("button").onclick = () => { console.log("clicked"); console.error("complained"); nobody(); };
</script>"""

MISSING = """\
    import shutil

    def test_it(monkeypatch, request):
        monkeypatch.setattr(shutil, "which", lambda name: None)
        request.getfixturevalue("browser")
"""

BUSY = """\
    import os, pathlib, signal

    def test_it(browser):
        browser("data:text/html,here")
        (pathlib.Path(os.environ["FOLDER"]) / "open").touch()
        signal.pause()
"""


@pytest.fixture
def page(tmp_path):
    """The address of a page with a button that does nothing right."""
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    return (tmp_path / "page.html").as_uri()


@pytest.fixture
def endpoint():
    """A factory of HTTP servers."""
    with served_endpoints() as make:
        yield make


def test_each_visitor_is_another_person(browser, endpoint):
    """What a server has stored with one visitor, the next one does not bring."""

    def count(environ, start_response):
        visits = int(environ.get("HTTP_COOKIE", "visits=0").partition("=")[2]) + 1
        start_response("200 OK", [("Set-Cookie", f"visits={visits}"), ("Content-Type", "text/html")])
        return [b"<link rel=icon href=data:,><output>%d</output>" % visits]

    url = endpoint(count).url
    first, second = browser(url), browser(url)
    first.reload()

    assert [one.locator("output").text_content() for one in (first, second)] == ["2", "1"]


def test_what_a_page_complains_of_is_kept(browser, page, eventually):
    """Lines of the console and errors that no script caught are kept, and the errors among them told apart."""
    browser(page).get_by_role("button").click()
    eventually(lambda: len(browser.said) == 3)

    assert browser.said[:2] == ["clicked", "complained"]
    assert browser.errors == browser.said[1:]
    assert "nobody is not defined" in browser.errors[1]
    assert browser.asked == [page]


def test_a_visitor_has_the_screen_that_is_asked_for(browser, page):
    """Playwright's options for a context are passed on."""
    assert browser(page, viewport={"width": 390, "height": 844}).evaluate("innerWidth") == 390


def test_a_missing_browser_is_said_with_its_cure(sessions):
    """Without a browser on PATH a claim is not observed, with what would cure it; where servers are required it is a failure."""
    without, required = sessions(MISSING), sessions(MISSING, "--require-servers")

    assert (without.exit_code, required.exit_code) == (0, 1)
    assert "a browser is missing: apt-get install chromium-headless-shell" in without.output


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_no_browser_outlives_its_session(browser, sessions, number, eventually):
    """However a session ends, its browser ends with it."""
    session = sessions.begin(BUSY)
    eventually((session.folder / "open").exists, within=60)
    opened = psutil.Process(session.process.pid).children(recursive=True)
    assert any("chrom" in one.name() for one in opened)

    session.process.send_signal(number)
    session.end()

    eventually(lambda: not [one for one in opened if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])
