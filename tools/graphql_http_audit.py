"""`python -m tools.graphql_http_audit`: the public audit of GraphQL over HTTP, against our graph.

The audit is part of the npm package graphql-http (the reference of the GraphQL Foundation's specification), had through npm as it is
configured on this machine and kept in a folder for the next time. Each of its tests is a MUST, a SHOULD or a MAY. A MUST that is not
held is a failure; the others are told. It is JavaScript: needs Node.js ≥ 18 and npm on PATH; writes reports/graphql-http-audit.json.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from fixtures.apps import served_apps
from tools.npm import fetched

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "reports" / "graphql-http-audit.json"
PACKAGE = "graphql-http@1.23.1"
INTEGRITY = "h6AcykL7+xp22QvOnK0fu1eHk9AZG1ngF71rk0ZGuGupnjm1yqXRFrZ/eMv4Q1FTCWILJ5o6hVAxzt3S8/wPHQ=="  # SHA-512
API = "sysdesign.apis.graphql:create_app"

AUDIT = """\
const { serverAudits } = require(process.argv[1])
const audits = serverAudits({ url: process.argv[2] })
Promise.all(audits.map(({ fn }) => fn())).then((results) =>
  console.log(JSON.stringify(results.map(({ id, name, status, reason }) => ({ id, name, status, reason })))))
"""
LEVELS = ("MUST", "SHOULD", "MAY")
HELD = "ok"
PATIENCE_SECONDS = 60


def suite(folder: Path) -> Path:
    """Return the package's directory; fetch it if it is not there. Raises ValueError for a package that is not the one meant."""
    package = folder / "package"
    return package if package.exists() else fetched(PACKAGE, INTEGRITY, folder)


def audited(package: Path, url: str) -> list[dict[str, str]]:
    """Put a graph to the audit; return the id, the name and the status of each test, and a reason if it was not held."""
    command = ["node", "--eval", AUDIT, str(package / "lib" / "audits" / "server.js"), url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PATIENCE_SECONDS)
    results: list[dict[str, str]] = json.loads(done.stdout)
    return results


def counts(results: list[dict[str, str]]) -> dict[str, tuple[int, int]]:
    """Return how many tests of each level were held, and how many there are."""
    levels = Counter(result["name"].split()[0] for result in results)
    held = Counter(result["name"].split()[0] for result in results if result["status"] == HELD)
    return {level: (held[level], levels[level]) for level in LEVELS}


def complaints(results: list[dict[str, str]]) -> list[str]:
    """Return what is wrong: each MUST that was not held, and an audit that demands nothing."""
    if not any(result["name"].startswith("MUST") for result in results):
        return ["the audit has no test that MUST be held"]
    return [
        f"{result['id']} {result['name']}: {result.get('reason')}"
        for result in results
        if result["name"].startswith("MUST") and result["status"] != HELD
    ]


def main() -> int:
    """Run the audit, write the results and print them; 1 if a MUST was not held, 2 if the audit cannot be run here."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the audit is kept")
    folder = parser.parse_args().folder.resolve()
    if missing := [program for program in ("node", "npm") if not shutil.which(program)]:
        print(f"not observed: the audit is JavaScript, and {' and '.join(missing)} is not on PATH (install Node.js)")
        return 2
    package = suite(folder)
    with tempfile.TemporaryDirectory(prefix="sysdesign-graphql-") as data, served_apps() as app:
        results = audited(package, f"{app(API, database=f'sqlite:///{data}/shop.db').url}/graphql")
    for level, (held, all_) in counts(results).items():
        print(f"{level:>6}  {held} of {all_} held")
    for result in results:
        if result["status"] != HELD:
            print(f"        not held: {result['id']} {result['name']}: {result.get('reason')}")
    wrong = complaints(results)
    print("\n".join(wrong) or f"no MUST was broken in {len(results)} tests of {PACKAGE}")
    RESULTS.write_text(json.dumps({"package": PACKAGE, "results": results}, indent=1) + "\n", encoding="utf-8")
    print(f"results: {RESULTS}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
