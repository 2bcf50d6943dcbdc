"""Runs a balancer as a process."""

from sysdesign.storage.load_balancing import main

main()
