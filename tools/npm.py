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
        for member in filter(tarfile.TarInfo.isfile, files):  # Python 3.11.2 cannot be told to extract nothing but data
            _unpack(files, member, folder)
    archive.unlink()
    return unpacked


def _unpack(files: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path, content = folder / member.name, files.extractfile(member)
    if content is None or not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{member.name} would lie outside of {folder}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.read())
