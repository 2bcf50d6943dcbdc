"""Runs a gateway as a process."""

from sysdesign.distributed.api_gateway import main

main()
