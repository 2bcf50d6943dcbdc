"""Parity: what the catalogue lists, what is written, and what is published about it are the same; and each of it is complete."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fixtures.processes import ROOT
from sysdesign.concepts import CONCEPTS, Concept

SECTIONS = ["Problem", "Idea", "Guarantees", "Trade-off", "Not shown", "Sources", "Implementation", "Engines"]
SECTION = re.compile(r"^([A-Z][A-Za-z -]{0,13}[a-z]) +\S")
COLUMN = 15
SPECIFICATION_LINES = 680  # with the stage that it sets; the lesson itself should be told in 300
TEST_LINES = 25  # of code: blank lines and the docstring are not counted
VARIANTS = 3
INDEX_ROW = re.compile(r"^\| (\d\d) \| (?:\[(\w+)\]\(([\w/.]+)\)|(\w+)) \| (.+) \|$", re.MULTILINE)
LEFT_OUT = {"skip", "skipif", "importorskip", "xfail"}
NOTE_TO_ONESELF = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def implementation(concept: Concept) -> Path | None:
    """Return the concept's module, or the folder of its package, if it is written."""
    module = ROOT / concept.implementation
    return next((path for path in (module, module.with_suffix("")) if path.exists()), None)


def variants(concept: Concept) -> list[Path]:
    return sorted((ROOT / "tests" / "broken" / concept.name).glob("[!_]*.py"))


WRITTEN = [concept for concept in CONCEPTS if (ROOT / concept.specification).exists()]
NUMBERS = [f"{concept.number:02d}" for concept in WRITTEN]

written = pytest.mark.parametrize("concept", WRITTEN, ids=NUMBERS)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def claims_in(module: ast.Module) -> list[ast.FunctionDef]:
    """Return the module's tests, in their order."""
    return [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def calls_in(node: ast.AST) -> list[tuple[str, int]]:
    """Return the names of all that is called, without what stands before their last dot, and the lines."""
    found = []
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            found.append((name, call.lineno))
    return found


def is_one_sentence(text: str | None) -> bool:
    """Whether a docstring is one sentence in one paragraph."""
    if not text:
        return False
    words = " ".join(text.split())
    return (
        "\n\n" not in text.strip() and words.endswith(".") and not re.search(r"(?<!e\.g|i\.e|.vs)[.!?] +[A-Z]", words)
    )


def sections_of(module: ast.Module) -> dict[str, str]:
    """Return the sections of a specification's docstring by their names, in their order."""
    sections: dict[str, str] = {}
    name = ""
    for line in (ast.get_docstring(module) or "").splitlines()[1:]:
        if begin := SECTION.match(line):
            name = line[:COLUMN].strip() if line[COLUMN - 1] == " " else begin[1]
        if name and line.strip():
            sections[name] = f"{sections.get(name, '')} {line[COLUMN:].strip()}".strip()
    return sections


def test_what_is_written_is_in_the_catalogue():
    """No specification, implementation or folder of variants bears a name that the catalogue does not know."""
    known = {concept.name: concept for concept in CONCEPTS}
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "concepts").glob("test_*.py")}
    folders = {path.name for path in (ROOT / "tests" / "broken").iterdir() if variants_in(path)}
    modules = {
        path.stem: path.parent.name
        for concept in CONCEPTS
        for path in (ROOT / "src" / "sysdesign" / concept.part).iterdir()
        if not path.name.startswith("_") and (path.suffix == ".py" or (path / "__init__.py").exists())
    }
    assert files <= {concept.specification for concept in CONCEPTS}
    assert folders <= known.keys()
    assert modules.items() <= {name: concept.part for name, concept in known.items()}.items()


def variants_in(folder: Path) -> list[Path]:
    return list(folder.glob("*.py"))


def test_specifications_implementations_and_variants_come_together():
    """What has a specification has an implementation and broken variants, and nothing has one of them alone."""
    names = {concept.name for concept in WRITTEN}
    assert {concept.name for concept in CONCEPTS if implementation(concept)} == names
    assert {concept.name for concept in CONCEPTS if variants(concept)} == names


def test_the_index_of_the_readme_is_the_catalogue():
    """The README lists all thirty in their order, each with its idea, and links those that are written."""
    rows = INDEX_ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    listed = [(int(number), linked or plain, path) for number, linked, path, plain, _ in rows]
    assert listed == [
        (concept.number, concept.name, concept.specification if concept in WRITTEN else "") for concept in CONCEPTS
    ]
    ideas = [row[-1].removesuffix(" *(not written yet)*") for row in rows]
    assert ideas == [concept.idea for concept in CONCEPTS]


@pytest.mark.parametrize("concept", CONCEPTS, ids=[f"{concept.number:02d}" for concept in CONCEPTS])
def test_its_name_selects_its_specification_alone(collected, concept):
    """`pytest -k <name>` selects every test of that specification, and no other test anywhere."""
    own = [test["id"] for test in collected["tests"] if test["path"] == concept.specification]
    assert collected["selected"][concept.name] == own


@written
def test_its_docstring_has_the_sections_in_order(concept):
    """A specification begins with its title and the eight sections, in the order in which they are read, and none is empty."""
    module = parse(ROOT / concept.specification)
    sections = sections_of(module)
    assert (ast.get_docstring(module) or "").partition(" · ")[0].partition("\n")[0]
    assert list(sections) == SECTIONS
    assert all(sections.values())


@written
def test_it_names_its_implementation(concept):
    """The implementation that a specification names exists, and is the one that the catalogue means."""
    named = sections_of(parse(ROOT / concept.specification))["Implementation"]
    assert ROOT / named == implementation(concept)


@written
def test_it_is_read_in_one_sitting(concept):
    """A specification fits into 340 lines."""
    assert len((ROOT / concept.specification).read_text(encoding="utf-8").splitlines()) <= SPECIFICATION_LINES


@written
def test_each_of_its_claims_is_seen_at_a_glance(concept):
    """A test fits into 25 lines of code, without its docstring and blank lines."""
    lines = (ROOT / concept.specification).read_text(encoding="utf-8").splitlines()
    long = {}
    for test in claims_in(parse(ROOT / concept.specification)):
        begin = test.body[1].lineno if ast.get_docstring(test) and len(test.body) > 1 else test.lineno
        code = [line for line in lines[begin - 1 : test.end_lineno] if line.strip()]
        if len(code) > TEST_LINES:
            long[test.name] = len(code)
    assert long == {}


@written
def test_it_waits_for_conditions_and_leaves_nothing_out(concept):
    """A specification calls no sleep, skips nothing, and marks nothing without effect."""
    module = parse(ROOT / concept.specification)
    calls = [(name, line) for name, line in calls_in(module) if name == "sleep" or name in LEFT_OUT]
    bare = [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith("pytest.mark.")
    ]
    assert (calls, bare) == ([], [])


@written
def test_it_has_at_least_three_broken_variants(concept):
    """For each specification at least three wrong implementations are published."""
    assert len(variants(concept)) >= VARIANTS


@written
def test_its_variants_say_what_is_wrong_and_who_notices(concept):
    """A variant's first line says what is wrong with it, and CAUGHT_BY names tests that exist."""
    exist = {test.name for test in claims_in(parse(ROOT / concept.specification))}
    for path in variants(concept):
        module = parse(path)
        first = (ast.get_docstring(module) or "").partition("\n")[0]
        caught_by = next(
            ast.literal_eval(node.value)
            for node in module.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CAUGHT_BY"
        )
        assert first.endswith("."), path.name
        assert isinstance(caught_by, tuple), path.name
        assert caught_by, path.name
        assert set(caught_by) <= exist, path.name


def test_every_test_says_its_claim_in_one_sentence(collected):
    """Each test, of specifications and of the harness, has a docstring of one sentence: the handbook prints it."""
    assert [test["id"] for test in collected["tests"] if not is_one_sentence(test["docstring"])] == []


def test_no_two_tests_of_a_file_share_a_name():
    """No test hides another of the same name."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        names = [test.name for test in claims_in(parse(path))]
        assert len(names) == len(set(names)), path


def test_nobody_left_a_note_to_himself():
    """What remains to be done does not stand in the sources."""
    folders = ("src", "tests", "fixtures", "reports", "tools")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if NOTE_TO_ONESELF.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is one.", True),
        ("It is one, e.g. This.", True),
        ("It runs over\nlines.", True),
        ("One. Two.", False),
        ("No full stop", False),
        ("First.\n\nSecond.", False),
        ("", False),
        (None, False),
    ],
    ids=["one", "abbreviated", "wrapped", "two", "open", "paragraphs", "empty", "none"],
)
def test_a_sentence_is_told_from_several(text, expected):
    """The check of docstrings knows one sentence from none and from two."""
    assert is_one_sentence(text) == expected
