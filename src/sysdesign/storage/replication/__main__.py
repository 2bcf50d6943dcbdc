"""Runs a node as a process."""

from sysdesign.storage.replication import main

main()
