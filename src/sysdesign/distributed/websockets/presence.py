"""Who is where: each node writes down its own people of a room, for a while, and so a node that dies takes them with it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from redis.asyncio import Redis

ANNOUNCE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = redis.call('HGET', KEYS[1], ARGV[1])
before = before and string.match(before, ' (.*)') or '[]'
if ARGV[3] == '[]' then
    redis.call('HDEL', KEYS[1], ARGV[1])
else
    redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', now + ARGV[2]) .. ' ' .. ARGV[3])
end
local changed, present, all = before ~= ARGV[3], {}, redis.call('HGETALL', KEYS[1])
for at = 1, #all, 2 do
    local lease, people = string.match(all[at + 1], '(%d+) (.*)')
    if tonumber(lease) < now then
        redis.call('HDEL', KEYS[1], all[at])
        changed = true
    else
        table.insert(present, people)
    end
end
if changed then redis.call('XADD', KEYS[2], 'MAXLEN', '~', 100, '*', 'kind', 'presence') end
return present
"""


class Presence:
    """Who is in a room, on whichever node.

    Args:
        redis: The client; it returns text.
        node: This node's own name.
        lease_seconds: How long a node is believed that says nothing.
    """

    def __init__(self, redis: Redis, node: str, lease_seconds: float) -> None:
        self._announce = redis.register_script(ANNOUNCE)
        self._node, self._lease_milliseconds = node, int(lease_seconds * 1_000)

    async def announce(self, key: str, signals: str, here: Iterable[str]) -> list[str]:
        """Write down who is here, and return who is in the room, each once, in order. All nodes are told if that is news.

        Args:
            key: Where the room's people are written down.
            signals: The room's signals.
            here: The people of this node; none takes the node off the list.
        """
        people = json.dumps(sorted(set(here)), ensure_ascii=False)
        lists = await self._announce(keys=[key, signals], args=[self._node, self._lease_milliseconds, people])
        return sorted({name for one in lists for name in json.loads(one)})
