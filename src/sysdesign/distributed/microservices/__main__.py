"""Runs one of the services as a process."""

from sysdesign.distributed.microservices import main

main()
