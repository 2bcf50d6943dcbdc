"""Follows redirects, so that an endpoint on the public internet leads it into private networks."""

import urllib.request
from urllib.error import HTTPError

import implementation
from implementation import *

CAUGHT_BY = ("test_only_2xx_is_success_and_what_is_refused_is_given_up_sooner",)


class Post(implementation.Post):
    def __call__(self, url, headers, body):
        self._addresses.target(url)
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, dict(headers)), timeout=5) as response:
                return Answer(response.status)
        except HTTPError as error:
            with error:
                return Answer(error.code)
