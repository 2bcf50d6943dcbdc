"""The results of a run, read from JSON and held against the schema that documents them."""

import json
from pathlib import Path
from typing import Any

import jsonschema

VERDICTS = ("held", "broken", "not observed", "not reached")
SCHEMA_VERSION = 1


class UnreadableResultsError(Exception):
    """A results file is missing, is not JSON, or is not what its schema describes."""


def read_run(path: Path) -> dict[str, Any]:
    """Read reports/run.json."""
    if not path.exists():
        message = f"{path} does not exist: run `pytest` first, it writes the results of its run there"
        raise UnreadableResultsError(message)
    return _read(path, "run.schema.json")


def read_broken(path: Path) -> dict[str, Any]:
    """Read reports/broken.json; without the file, no variant has been tried."""
    if not path.exists():
        return {"schema": SCHEMA_VERSION, "variants": []}
    return _read(path, "broken.schema.json")


def counts(tests: list[dict[str, Any]]) -> dict[str, int]:
    """How many tests came to each verdict, the verdicts in their usual order."""
    return {verdict: sum(test["verdict"] == verdict for test in tests) for verdict in VERDICTS}


def _read(path: Path, schema_name: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        message = f"{path} is not JSON: {problem}"
        raise UnreadableResultsError(message) from problem
    version = document.get("schema") if isinstance(document, dict) else None
    if version != SCHEMA_VERSION:
        message = (
            f"{path} has schema version {version!r}, not {SCHEMA_VERSION} as this handbook reads: run the tests again"
        )
        raise UnreadableResultsError(message)
    return _valid(document, path, schema_name)


def _valid(document: dict[str, Any], path: Path, schema_name: str) -> dict[str, Any]:
    schema = json.loads(Path(__file__).with_name(schema_name).read_text(encoding="utf-8"))
    problem = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(document))
    if problem is not None:
        message = f"{path} is not as reports/{schema_name} says: at {problem.json_path}: {problem.message[:300]}"
        raise UnreadableResultsError(message)
    return document
