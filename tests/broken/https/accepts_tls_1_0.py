"""Speaks TLS 1.0, and the ciphers that go with it, for the sake of old clients."""

import ssl
import warnings

import implementation
from implementation import *
from sysdesign.networking.https import wardrobe

CAUGHT_BY = ("test_no_weak_version_and_no_weak_cipher_is_taken",)


def server_context(*paths, **files):
    context = implementation.server_context(*paths, **files)
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


wardrobe.server_context = server_context
