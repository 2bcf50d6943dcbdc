"""The handbook: a site that is complete, consistent and quiet, in its files and in a real browser."""

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import handbook_sample
import jsonschema
import pytest

from reports.results import UnreadableResultsError, read_run
from sysdesign.concepts import CONCEPTS

REPOSITORY = Path(__file__).parents[2]
SCHEMAS = ("run.schema.json", "broken.schema.json")
VERDICTS = ("held", "differs", "broken", "not observed", "not reached", "not in this run")
FATES = ("caught", "survived", "failed otherwise")
CONCEPT_PAGE = "rate_limiting.html"
KINDS_OF_PAGES = {
    "start": "index.html",
    "full page": CONCEPT_PAGE,
    "short page": "indexing.html",
    "page not written": "dns.html",
    "search": "search.html",
}
PHONE = {"width": 390, "height": 844}

EXTRA = "the handbook needs its own extra: pip install -e '.[handbook]'"


@dataclass
class Page(HTMLParser):
    """What a page refers to, what can be referred to in it, and what it says."""

    html: str
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self):
        """Read the page."""
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        """Collect ids, links, and what the browser loads by itself."""
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        target = attributes.get("href")
        if target and tag in {"a", "use"}:
            self.links.append(target)
        elif target:
            self.resources.append(target)
        self.resources += [
            attributes[name] for name in ("src", "srcset", "action", "poster", "data") if attributes.get(name)
        ]

    def handle_data(self, data):
        """Collect what is read."""
        self.text += data


@dataclass(frozen=True)
class Site:
    """A handbook that has been built."""

    folder: Path
    output: str

    @cached_property
    def pages(self):
        """All pages by the names of their files."""
        return {path.name: Page(path.read_text(encoding="utf-8")) for path in self.folder.glob("*.html")}


def build(run, out, *options):
    """Run the builder as its users do."""
    pytest.importorskip("furo", reason=EXTRA)
    command = [sys.executable, "-m", "reports.handbook", "--run", run, "--out", out, *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A small repository with the results of a run."""
    return handbook_sample.write(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def site(sample):
    """The handbook of the small repository."""
    result = build(sample / "run.json", sample / "site", "--broken", sample / "broken.json", "--root", sample)
    assert result.returncode == 0, result.stderr
    return Site(sample / "site", result.stdout)


@pytest.fixture(scope="module")
def own_site(sample):
    """The handbook of this repository's own sources."""
    result = build(sample / "run.json", sample / "own-site", "--broken", sample / "broken.json")
    assert result.returncode == 0, result.stderr
    return Site(sample / "own-site", result.stdout)


@pytest.fixture(params=["site", "own_site"])
def any_site(request):
    """Each of the two."""
    return request.getfixturevalue(request.param)


def test_the_last_lines_say_where_the_site_is_and_what_was_seen(site):
    """The builder ends with the verdicts and the place of the index."""
    verdicts, place = site.output.splitlines()[-2:]

    assert verdicts == "verdicts: 14 held, 1 broken, 2 not observed, 1 not reached"
    assert place == f"handbook: {site.folder / 'index.html'}"


def test_every_link_and_every_anchor_leads_somewhere(any_site):
    """Each link within the site leads to a page that exists, and to an anchor that this page has."""
    pages = any_site.pages
    dead = []
    for name, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            goal = pages.get(target or name)
            if not link.startswith(("http://", "https://")) and (goal is None or (anchor and anchor not in goal.ids)):
                dead.append((name, link))

    assert dead == []


def test_every_anchor_is_there_once(any_site):
    """No page has two elements of the same id."""
    twice = {
        name: [own for own, times in Counter(page.ids).items() if times > 1] for name, page in any_site.pages.items()
    }

    assert {name: ids for name, ids in twice.items() if ids} == {}


def test_nothing_is_loaded_from_the_network(any_site):
    """Every script, style, letter and picture comes from the site's own folder."""
    loaded = {resource for page in any_site.pages.values() for resource in page.resources}
    styles = "".join(path.read_text(encoding="utf-8") for path in any_site.folder.rglob("*.css"))
    loaded |= set(re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')]+)", styles))

    assert [resource for resource in loaded if re.match(r"(https?:)?//", resource)] == []


def test_the_index_shows_all_thirty(site):
    """The index leads to every one of the thirty, and says which are not written and which were not run."""
    index = site.pages["index.html"]

    assert {f"{each.name}.html" for each in CONCEPTS} <= set(index.links)
    assert all(each.idea in index.text for each in CONCEPTS)
    assert index.text.count("not written yet") == len(CONCEPTS) - 4
    assert index.text.count("not in this run") == 1


def test_the_index_tells_the_facts_of_the_run(site):
    """Date, commit, machine, provider and servers stand on the index."""
    text = site.pages["index.html"].text

    for fact in (
        "23 November 2026",
        "abc1234",
        "A Processor 9000",
        "no Docker daemon answers",
        "Valkey 9.1.2",
        "server starts",
    ):
        assert fact in text, fact


def test_every_verdict_stands_in_words(site):
    """Each verdict on a claim and on a broken variant is told by a word, not by colour alone."""
    text = site.pages[CONCEPT_PAGE].text.replace("\N{NO-BREAK SPACE}", " ")

    assert [word for word in (*VERDICTS, *FATES) if word not in text] == []


def test_what_differs_or_is_missing_has_its_reason(site):
    """The reason why an engine differs, and the cure for what is missing, stand below the table."""
    text = site.pages[CONCEPT_PAGE].text

    assert "its 429 carries no Retry-After" in text
    assert "pip install 'sysdesign[embedded]'" in text


def test_a_claim_leads_to_its_test_and_back(site):
    """From a row of the table a link leads to the line of its test, and from there back to the row."""
    page = site.pages[CONCEPT_PAGE]
    name = next(iter(handbook_sample.CLAIMS))
    line = handbook_sample.SPECIFICATION.splitlines().index(f"def {name}(bucket, observe):") + 1

    assert f"#specification-{line}" in page.links
    assert re.search(rf'id="specification-{line}".*<a href="#{name}">{name}</a>', page.html)


def test_a_name_leads_to_its_definition(site):
    """What the specification imports is linked to the implementation, and what it defines to its own lines."""
    html = site.pages[CONCEPT_PAGE].html
    definition = handbook_sample.IMPLEMENTATION.splitlines().index("class Bucket:") + 1
    constant = handbook_sample.SPECIFICATION.splitlines().index("CAPACITY = 20  # requests") + 1

    assert f'<a href="#implementation-{definition}">Bucket</a>' in html
    assert f'<a href="#specification-{constant}">CAPACITY</a>' in html
    assert re.search(
        rf'implementation</span><span class="o">\.</span>.*<a href="#implementation-{definition}">Bucket</a>', html
    )


def test_sources_are_shown_in_full(site):
    """Specification, implementation and variants are printed to the letter."""
    text = site.pages[CONCEPT_PAGE].text

    for source in (handbook_sample.SPECIFICATION, handbook_sample.IMPLEMENTATION, handbook_sample.VARIANT):
        assert source.strip() in text


def test_a_package_is_shown_file_by_file(site):
    """An implementation of several files is printed with all of them, configuration included."""
    text = site.pages["replication.html"].text

    assert "class Primary:" in text
    assert "listen 8080;" in text


def test_pictures_are_described_and_have_their_data(site):
    """Each picture has a title, a description and a table, and takes all its colours from the page."""
    page = site.pages[CONCEPT_PAGE]
    drawings = re.findall(r'<svg[^>]*role="img".*?</svg>', page.html, re.DOTALL)

    assert len(drawings) == 6
    assert [html for html in drawings if "<title id=" not in html or "<desc id=" not in html] == []
    assert [html for html in drawings if re.search(r"#[0-9a-f]{6}\b", html)] == []
    assert page.text.count("Data") == 3
    assert "15\N{NARROW NO-BREAK SPACE}300" in page.text


def test_a_screenshot_is_shown_as_it_is():
    """A screenshot is an image within the page, with words for those who can't see it, and it has neither legend nor table."""
    charts = pytest.importorskip("reports.charts", reason=EXTRA)
    chart = {
        "title": "t",
        "caption": "Both <b>see</b> it.",
        "kind": "screenshot",
        "screens": [{"name": "ann", "png": "iVBO"}],
    }

    (shown,) = charts.pictures(chart, "picture").values()

    assert 'alt="Both &lt;b&gt;see&lt;/b&gt; it. The screen of ann." src="data:image/png;base64,iVBO"' in shown
    assert (charts.legend(chart), charts.table(chart).rows) == ((), ())


def test_a_map_is_drawn_with_its_arcs_its_classes_and_its_table():
    """A map shows land, places and an arc a connection, each coloured by its class, which the legend names; the data lie beside it."""
    charts = pytest.importorskip("reports.charts", reason=EXTRA)
    places = [("Here", 50.0, 9.0), ("There <far>", 35.7, 139.7), ("Beyond", 37.8, -122.4)]
    chart = {
        "title": "Round trips",
        "caption": "What is far is late.",
        "kind": "map",
        "value": {"label": "RTT", "unit": "ms"},
        "places": [{"name": name, "latitude": north, "longitude": east} for name, north, east in places],
        "arcs": [
            {"from": "Here", "to": "There <far>", "value": 180.5},
            {"from": "There <far>", "to": "Beyond", "value": 90},
        ],
    }
    drawn = charts.pictures(chart, "picture")
    assert [key.name for key in charts.legend(chart)] == ["0–50 ms", "50–100 ms", "100–150 ms", "150–200 ms"]
    assert charts.table(chart).rows == (("Here", "There <far>", "180.5"), ("There <far>", "Beyond", "90"))
    for picture in map(ET.fromstring, drawn.values()):
        paths = [path for path in picture.iter() if path.tag.endswith("path")]
        assert [path.get("stroke", "land").partition(",")[0] for path in paths] == [
            "land",
            "var(--chart-2",
            "var(--chart-1",
        ]
        assert paths[2].get("d").count("M") == 2  # over the edge of the map


@pytest.mark.parametrize("kind", ["line", "step", "points", "bars"])
@pytest.mark.parametrize("points", [[], [[0, 0]], [[-1, -2], [3, 4]]], ids=["none", "only zero", "below zero"])
def test_a_picture_can_be_drawn_of_any_data(kind, points):
    """Data for which a logarithm or a scale has no meaning are drawn all the same."""
    charts = pytest.importorskip("reports.charts", reason=EXTRA)
    axis = {"label": "value", "unit": "", "log": True}
    chart = {
        "title": "t",
        "caption": "c",
        "kind": kind,
        "x": axis,
        "y": axis,
        "series": [{"name": "s", "points": points}],
    }

    drawn = charts.pictures(chart, "picture")

    assert [html for html in drawn.values() if not html.startswith("<svg") or "nan" in html] == []


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "does not exist: run `pytest` first"),
        ("{", "is not JSON: Expecting property name"),
        ("[]", "has schema version None"),
        (json.dumps({"schema": 2}), "has schema version 2"),
        (json.dumps({"schema": 1}), "is not as reports/run.schema.json says: at $: 'started' is a required property"),
    ],
    ids=["missing", "not JSON", "not an object", "another version", "incomplete"],
)
def test_unreadable_results_are_refused_with_a_reason(tmp_path, content, complaint):
    """Results that can't be read are named, with what is wrong about them."""
    if content is not None:
        (tmp_path / "run.json").write_text(content, encoding="utf-8")

    with pytest.raises(UnreadableResultsError, match="^" + re.escape(f"{tmp_path / 'run.json'} {complaint}")):
        read_run(tmp_path / "run.json")


def test_without_readable_results_no_site_is_written(tmp_path):
    """The builder says what is wrong in one line, and ends with an exit code of its own."""
    result = build(tmp_path / "run.json", tmp_path / "site")

    assert result.returncode == 2
    assert re.fullmatch(r"handbook: .*run\.json does not exist: .*\n", result.stderr)
    assert not (tmp_path / "site").exists()


def test_a_folder_with_something_else_is_left_alone(sample, tmp_path):
    """The builder replaces an earlier site, and nothing else."""
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")

    result = build(sample / "run.json", tmp_path, "--root", sample)

    assert result.returncode == 2
    assert "holds something else than a handbook" in result.stderr
    assert (tmp_path / "precious.txt").exists()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_itself_valid(name):
    """The schemas are valid JSON Schema."""
    schema = json.loads((REPOSITORY / "reports" / name).read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.fixture
def visit(browser, site):
    """`visit(page, **context)` opens a page of the site as another person would."""
    return lambda name, **context: browser((site.folder / name).as_uri(), **context)


@pytest.mark.parametrize("name", KINDS_OF_PAGES.values(), ids=KINDS_OF_PAGES)
def test_a_page_is_quiet_and_asks_nobody(visit, browser, site, name):
    """A page opens without a word on the console, and asks for nothing but the site's own files."""
    visit(name)

    assert browser.said == []
    assert [url for url in browser.asked if not url.startswith(site.folder.as_uri())] == []


def test_search_finds_what_a_page_is_about(visit):
    """Whoever types a word into the search field is led to the page that explains it."""
    tab = visit("index.html")

    tab.get_by_role("textbox", name="Search").fill("token bucket")
    tab.keyboard.press("Enter")

    found = tab.locator("#search-results li a").first
    found.wait_for()
    assert found.get_attribute("href").startswith(CONCEPT_PAGE)


def test_the_keyboard_reaches_the_content(visit):
    """The first press of Tab offers to skip the navigation; the next one after that is in the content."""
    tab = visit("index.html")

    tab.keyboard.press("Tab")
    offered = tab.evaluate("document.activeElement.textContent.trim()")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")

    assert offered == "Skip to content"
    assert tab.evaluate("document.activeElement.closest('#furo-main-content, .content') !== null")


@pytest.mark.parametrize("name", KINDS_OF_PAGES.values(), ids=KINDS_OF_PAGES)
def test_a_phone_shows_the_whole_width(visit, name):
    """On a phone nothing is wider than the screen: what is wide scrolls inside its own box."""
    tab = visit(name, viewport=PHONE)

    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_pictures_follow_the_light(visit):
    """In the dark, the letters of a picture are bright; in the light, they are dark."""
    colour = (
        "Math.max(...getComputedStyle(document.querySelector('figure .wide svg')).color.match(/\\d+/g).slice(0, 3))"
    )

    assert visit(CONCEPT_PAGE, color_scheme="light").evaluate(colour) < 100
    assert visit(CONCEPT_PAGE, color_scheme="dark").evaluate(colour) > 150
