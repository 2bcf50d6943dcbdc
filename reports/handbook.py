"""`python -m reports.handbook`: turn the results of a run into a static site that needs no network and no server.

A pure builder: it reads reports/run.json, reports/broken.json and the repository's sources, and runs nothing of them.
"""

import argparse
import re
import shutil
import sys
import tempfile
import textwrap
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import repeat
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from sphinx.cmd.build import main as sphinx_build

from reports.claims import ABSENT, GLYPHS, states
from reports.figures import duration, interval, number, times
from reports.pages import Page, by_part, pages
from reports.results import UnreadableResultsError, counts, read_broken, read_run

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
CODE = re.compile(r"`+([^`]+)`+")
RFC = re.compile(r"\bRFC (\d+)(?: §\s?([\d.]*\d))?")
ADDRESS = re.compile(r"https?://[^\s<>)\"']*[\w/]")
VARIANT_GLYPHS = {"caught": "✓", "survived": "✗", "failed otherwise": "!", "not observed": "○", "not tried": "·"}


class UnbuildableError(Exception):
    """The site could not be built, or not be put where it was wanted."""


def build(run: dict[str, Any], broken: dict[str, Any], out: Path, root: Path = REPOSITORY) -> None:
    """Write the site to `out`, which may hold an earlier one but nothing else."""
    if out.exists() and any(out.iterdir()) and not (out / "searchindex.js").exists():
        message = f"{out} holds something else than a handbook: it is left alone"
        raise UnbuildableError(message)
    with tempfile.TemporaryDirectory(prefix="sysdesign-handbook-") as name:
        folder = Path(name)
        (folder / "pages").mkdir()
        _write_pages(folder / "pages", pages(root, run, broken), run)
        _run_sphinx(folder)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(folder / "site", out)


def prose(text: str) -> Markup:
    """Plain text as HTML: `code` between backquotes, links to RFCs and to addresses that are written out."""
    html = str(escape(text))
    html = CODE.sub(r"<code>\1</code>", html)
    html = ADDRESS.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', html)
    return Markup(RFC.sub(_link_to_rfc, html))  # noqa: S704 - escaped above


def html_block(html: str) -> Markup:
    """HTML as a block of reStructuredText."""
    return Markup(".. raw:: html\n\n" + textwrap.indent(str(html).strip("\n"), "   ") + "\n")  # noqa: S704 - is HTML


def _link_to_rfc(found: re.Match[str]) -> str:
    number, section = found.groups()
    fragment = f"#section-{section}" if section else ""
    return f'<a href="https://www.rfc-editor.org/rfc/rfc{number}{fragment}">{found[0]}</a>'


def _environment(run: dict[str, Any]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(prose=prose, html_block=html_block)
    environment.filters.update(number=number, duration=duration, times=times, interval=interval)
    environment.globals.update(
        glyphs=GLYPHS,
        variant_glyphs=VARIANT_GLYPHS,
        absent=ABSENT,
        run=run,
        started=datetime.fromisoformat(run["started"]),
    )
    return environment


def _write_pages(folder: Path, everything: list[Page], run: dict[str, Any]) -> None:
    facts = {name: value for name, value in run.items() if name != "tests"}  # of those, each page has its own
    with ProcessPoolExecutor() as pool:
        written = pool.map(_write_page, repeat(folder), everything, repeat(facts))
        harness = states(test for test in run["tests"] if test["concept"] is None)
        shown = {"parts": by_part(everything), "pages": everything, "states": states(run["tests"]), "harness": harness}
        index = _environment(run).get_template("index.rst").render(shown)
        (folder / "index.rst").write_text(index, encoding="utf-8")
        list(written)  # raises what went wrong


def _write_page(folder: Path, page: Page, run: dict[str, Any]) -> None:
    template = _environment(run).get_template("concept.rst" if page.is_written else "unwritten.rst")
    (folder / f"{page.concept.name}.rst").write_text(template.render(page=page), encoding="utf-8")


def _run_sphinx(folder: Path) -> None:
    """Let Sphinx make the site; whatever it warns of is an error, and printed."""
    options = [
        "--quiet",
        "--no-color",
        "--fail-on-warning",
        "--jobs=auto",
        f"--conf-dir={HERE}",
        f"--doctree-dir={folder / 'doctrees'}",
    ]
    if sphinx_build([*options, str(folder / "pages"), str(folder / "site")]):
        message = "Sphinx found fault with the pages: see above"
        raise UnbuildableError(message)


def main() -> int:
    """Build the handbook and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m reports.handbook", description=__doc__)
    parser.add_argument("--run", type=Path, default=HERE / "run.json", help="the results of the run")
    parser.add_argument("--broken", type=Path, default=HERE / "broken.json", help="the fate of the broken variants")
    parser.add_argument("--out", type=Path, default=HERE / "site", help="where the site is written")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="the repository whose sources are shown")
    options = parser.parse_args()
    try:
        run = read_run(options.run)
        build(run, read_broken(options.broken), options.out, options.root)
    except (UnreadableResultsError, UnbuildableError, SyntaxError) as problem:
        print(f"handbook: {problem}", file=sys.stderr)
        return 2
    verdicts = counts(run["tests"])
    index = options.out / "index.html"
    print("verdicts: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
    print(f"handbook: {index.relative_to(Path.cwd()) if index.is_relative_to(Path.cwd()) else index}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
