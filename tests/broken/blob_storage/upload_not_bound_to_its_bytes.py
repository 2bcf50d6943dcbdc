"""Signs an upload's key alone: who has the URL can bring whatever he likes, as often as he likes."""

from implementation import *

CAUGHT_BY = ("test_a_signed_upload_is_for_the_bytes_that_were_announced",)


def url_to_put(self, key, content_type, size, sha256, seconds=300):
    return self._sign("put_object", self._where(key), seconds), {}


Bucket.url_to_put = url_to_put
