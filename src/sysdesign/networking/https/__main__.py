"""Runs the sites as a process."""

from sysdesign.networking.https import main

main()
