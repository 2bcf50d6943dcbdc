"""Runs a node of the chat as a process."""

from sysdesign.distributed.websockets import main

main()
