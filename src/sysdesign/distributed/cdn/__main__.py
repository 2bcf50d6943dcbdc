"""Runs an edge as a process."""

from sysdesign.distributed.cdn import main

main()
