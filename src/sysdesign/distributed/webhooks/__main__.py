"""Runs the shop and its sender as a process."""

from sysdesign.distributed.webhooks import main

main()
