"""Packages of npm that a tool runs: fetched once into a folder of its own, and only if they are the ones that were meant."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path


def fetched(package: str, integrity: str, folder: Path) -> Path:
    """Unpack a package into a folder, without what it depends on, and return where it lies.

    Args:
        package: `name@version`.
        integrity: Its SHA-512 in base64, as npm tells it.
        folder: Where to.

    Raises:
        ValueError: What came is another package than the one meant.
    """
    unpacked = folder / "package"
    shutil.rmtree(unpacked, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.PIPE)
    archive = folder / packed.stdout.decode().split()[-1]
    if base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode() != integrity:
        raise ValueError(f"{archive} is not {package}")
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    archive.unlink()
    return unpacked
