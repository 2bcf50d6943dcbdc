"""Runs an authoritative server as a process."""

from sysdesign.networking.dns import main

main()
