"""Sends the time of the event instead of the attempt's, so that whoever was down for long refuses all that comes later as old."""

import json
from datetime import datetime

import implementation
from implementation import *

CAUGHT_BY = ("test_a_failed_attempt_is_repeated_after_pauses_that_grow",)


class Signer(implementation.Signer):
    def headers(self, message_id, timestamp, body):
        return super().headers(message_id, int(datetime.fromisoformat(json.loads(body)["timestamp"]).timestamp()), body)


implementation.sender.Signer = Signer
Signer = implementation.Signer
