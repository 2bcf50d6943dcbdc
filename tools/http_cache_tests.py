"""`python -m tools.http_cache_tests`: the public test suite for HTTP caches, against our edge, nginx and Varnish.

The suite is the npm package http-cache-tests (by Mark Nottingham, https://cache-tests.fyi), had through npm as it is configured on this
machine and kept in a folder for the next time. Needs Node.js ≥ 18, npm, Varnish and a compiler on PATH; writes
reports/http-cache-tests.json.
"""

import argparse
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import fixtures.servers.nginx_server
import fixtures.servers.varnish_server  # noqa: F401 - its recipe is registered, as nginx's is
from fixtures import processes
from fixtures.apps import programs
from fixtures.eventually import eventually
from fixtures.servers.providers import Servers
from reports.cache_suite import NOT_CLAIMED, OURS, RESULTS, complaints, judged, rows
from sysdesign.distributed import cdn
from tools.npm import fetched

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "http-cache-tests@0.4.5"
INTEGRITY = "DjuwN9nUZXLTW+wav1LRESCZNVxl8SshwOy4z1pxuWbWt5/ay6sM9QQ1lebBaDO6P1IMBoK6mdf+PuVP/QNL8A=="  # SHA-512
NEEDS = "node-fetch@2.7.0"
"""The one library that the client loads; what else the package names is for its web pages."""

TELL_TESTS = """\
import tests from './tests/index.mjs'
import surrogate from './tests/surrogate-control.mjs'
console.log(JSON.stringify([...tests, surrogate]))
"""
ENDINGS = {"Assertion", "Setup"}
"""How a test ends that has not passed. Whatever else there is, was no answer."""

PATIENCE_SECONDS = 300


def suite(folder: Path) -> Path:
    """Return the suite's directory; fetch it if it is not there. Raises ValueError for a package that is not the one meant."""
    package = folder / "package"
    if not (package / "node_modules" / "node-fetch").exists():
        fetched(PACKAGE, INTEGRITY, folder)
        (package / "package.json").rename(package / "package.told.json")  # npm would install all that it names
        (package / "package.json").write_text('{"name": "suite", "private": true}')
        install = ["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", NEEDS]
        subprocess.run(install, cwd=package, check=True)
    return package


def told(package: Path) -> list[dict]:
    """Return the groups of the suite with their tests."""
    command = ["node", "--input-type=module", "--eval", TELL_TESTS]
    return json.loads(subprocess.run(command, cwd=package, check=True, stdout=subprocess.PIPE).stdout)


def serve(package: Path, stack: ExitStack) -> int:
    """Start the suite's origin and return its port."""
    port, directory = processes.free_port(), processes.temporary_directory("suite")
    stack.callback(processes.remove_directory, directory)
    command = ["node", "--require", str(ROOT / "tools" / "loopback.cjs"), str(package / "server" / "server.mjs")]
    settings = {"port": str(port), "protocol": "http", "pidfile": str(directory / "pid")}
    server = processes.Process(command, directory, {f"npm_config_{name}": value for name, value in settings.items()})
    server.start()
    stack.callback(server.kill)
    eventually(lambda: "Listening on" in server.log)
    return port


def start_edges(port: int, provider: str, stack: ExitStack) -> dict[str, tuple[str, int]]:
    """Start an edge of each engine before the origin; return their products and ports by the engines' names."""
    servers, origin, settings = Servers(provider), f"127.0.0.1:{port}", cdn.Settings()
    stack.callback(servers.close)
    ours = stack.enter_context(programs())(cdn.__name__, f"--origin={origin}")
    nginx = stack.enter_context(servers.private("nginx"))(http=cdn.nginx_configuration(origin, settings))
    varnish = stack.enter_context(servers.private("varnish"))(vcl=cdn.varnish_configuration(origin, settings))
    return {
        OURS: ("sysdesign", ours.port),
        "nginx": (nginx.product, nginx.port),
        "varnish": (varnish.product, varnish.port),
    }


def run(package: Path, provider: str) -> tuple[dict[str, str], dict[str, dict]]:
    """Run the suite against all edges at the same time; return their products, and what its client printed for each."""
    with ExitStack() as stack:
        edges = start_edges(serve(package, stack), provider, stack)
        clients = {}
        for engine, (_, port) in edges.items():
            base = {"npm_config_base": f"http://127.0.0.1:{port}", "npm_config_id": "", "npm_package_config_id": ""}
            clients[engine] = stack.enter_context(
                subprocess.Popen(
                    ["node", "--no-warnings", "cli.mjs"],
                    cwd=package,
                    env={**os.environ, **base},
                    stdout=subprocess.PIPE,
                )
            )
            stack.callback(clients[engine].kill)
        results = {
            engine: json.loads(client.communicate(timeout=PATIENCE_SECONDS)[0]) for engine, client in clients.items()
        }
    for engine, result in results.items():
        unanswered = [test for test, how in result.items() if how is not True and how[0] not in ENDINGS]
        if unanswered:
            raise RuntimeError(
                f"{engine} did not answer in {len(unanswered)} tests, of which the first is {unanswered[0]}"
            )
    return {engine: product for engine, (product, _) in edges.items()}, results


def main() -> int:
    """Run the suite, write the results and print them; 1 if we have failed a required test that we claim, or passed fewer than others."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / ".tox" / "suite", help="where the suite is kept")
    parser.add_argument("--servers", choices=("embedded", "docker"), default="embedded")
    options = parser.parse_args()
    package = suite(options.folder.resolve())
    products, results = run(package, options.servers)
    groups = judged(told(package), results)
    report = {"schema": 1, "suite": PACKAGE, "engines": products, "groups": groups}
    (ROOT / RESULTS).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for row in rows(groups):
        counts = ", ".join(
            f"{engine} {each.get('passed', 0)} passed {each.get('failed', 0)} failed"
            for engine, each in row.counts.items()
        )
        print(f"{row.group:>18}  {counts}" + ("" if row.claimed else "  (not claimed)"))
    wrong = complaints(groups)
    print("\n".join(wrong) or f"no required test failed in the {len(groups) - len(NOT_CLAIMED)} groups claimed")
    print(f"results: {RESULTS}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
