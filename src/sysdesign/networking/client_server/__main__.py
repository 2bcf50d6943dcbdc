"""Runs the server as a process."""

from sysdesign.networking.client_server import main

main()
