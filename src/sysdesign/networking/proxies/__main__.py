"""Runs a proxy as a process."""

from sysdesign.networking.proxies import main

main()
