"""Distributed systems: what changes when parts fail, wait and repeat themselves."""
