"""`python tools/soak.py [--runs 30] [PYTEST OPTIONS…]`: the embedded suite again and again, in random order; one failure ends it.

A test that fails once for no reason is a defect. The seed and the order of each run are printed, so that a failure can be repeated.
"""

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the suite as often as asked; return 0 if no run failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=30, help="how many runs in a row (default: 30)")
    arguments, options = parser.parse_known_args()
    for run in range(1, arguments.runs + 1):
        seed = random.SystemRandom().randrange(10**6)
        chosen = [
            "--servers=embedded",
            "--require-servers",
            "--random-order",
            f"--random-order-seed={seed}",
            f"--seed={seed}",
        ]
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "tests/concepts", "-q", *chosen, *options],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr
        print(
            f"run {run} of {arguments.runs}, seed {seed}, {time.monotonic() - begin:.0f} s: {last.strip('= ')}",
            flush=True,
        )
        if done.returncode:
            print(done.stdout, done.stderr, sep="\n")
            return done.returncode
    print(f"{arguments.runs} consecutive runs without a failure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
