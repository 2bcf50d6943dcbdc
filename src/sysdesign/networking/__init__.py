"""Networking: how a request finds its way."""
