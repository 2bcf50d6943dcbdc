"""Runs a node as a process."""

from sysdesign.distributed.cap_theorem import main

main()
