"""Runs an instance as a process."""

from sysdesign.storage.scaling import main

main()
