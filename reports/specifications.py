"""What can be read from a source without running it: its docstring's sections, its definitions, its tests."""

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SECTION_COLUMNS = 15
SECTION_NAME = re.compile(r"^[A-Z][A-Za-z -]*$")


@dataclass(frozen=True)
class Section:
    """One section of a specification's docstring: `Problem`, `Idea`, …"""

    name: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Definition:
    """A name that a module defines: a class, a function, a method or a constant."""

    name: str
    line: int
    summary: str
    is_function: bool

    @property
    def is_test(self) -> bool:
        """Whether pytest would run it."""
        return self.is_function and self.name.rpartition(".")[2].startswith("test_")


@dataclass(frozen=True)
class Source:
    """A source file of the repository."""

    path: str
    text: str

    @classmethod
    def read(cls, root: Path, path: str) -> "Source":
        """Read the file at a path relative to the repository's root."""
        return cls(path, (root / path).read_text(encoding="utf-8"))

    @property
    def is_python(self) -> bool:
        """Whether it can be parsed; configuration files are sources too."""
        return self.path.endswith(".py")

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module."""
        return ast.parse(self.text if self.is_python else "", filename=self.path)

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line."""
        return self.text.splitlines()

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return _summary(self.tree)

    @property
    def subtitle(self) -> str:
        """What follows the concept's title in the docstring's first line: `token bucket`."""
        return self.summary.partition(" · ")[2]

    @cached_property
    def sections(self) -> dict[str, Section]:
        """The sections of the docstring, in their order."""
        gathered: dict[str, list[str]] = {}
        lines = gathered.setdefault("", [])
        for line in (ast.get_docstring(self.tree) or "").splitlines()[1:]:
            name = line[:SECTION_COLUMNS].strip()
            if SECTION_NAME.match(name):
                lines = gathered.setdefault(name, [])
            lines.append(line[SECTION_COLUMNS:].strip())
        return {name: Section(name, _paragraphs(lines)) for name, lines in gathered.items() if name}

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """Classes, functions, methods and constants, in the order of the file."""
        return tuple(_definitions(self.tree))

    @property
    def tests(self) -> tuple[Definition, ...]:
        """The tests, in the order of the file."""
        return tuple(definition for definition in self.definitions if definition.is_test)

    @property
    def tests_named(self) -> tuple[str, ...]:
        """The tests that a module-level constant names; so a broken variant says which tests must catch it."""
        strings = (
            node.value
            for statement in self.tree.body
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None
            for node in ast.walk(statement.value)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        return tuple(string for string in strings if string.startswith("test_"))


def _definitions(tree: ast.Module | ast.ClassDef, prefix: str = "") -> list[Definition]:
    found: list[Definition] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(Definition(prefix + node.name, node.lineno, _summary(node), is_function=True))
        elif isinstance(node, ast.ClassDef):
            found.append(Definition(prefix + node.name, node.lineno, _summary(node), is_function=False))
            found += _definitions(node, prefix=f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not prefix:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = (target.id for target in targets if isinstance(target, ast.Name))
            found += [Definition(name, node.lineno, "", is_function=False) for name in names]
    return found


def _summary(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ").strip()


def _paragraphs(lines: list[str]) -> tuple[str, ...]:
    blocks = "\n".join(lines).strip().split("\n\n")
    return tuple(" ".join(block.split()) for block in blocks if block.strip())
