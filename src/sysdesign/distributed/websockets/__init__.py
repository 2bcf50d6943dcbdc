"""WebSockets: a chat whose rooms are shared by several nodes.

    CHAT_REDIS=redis://… CHAT_SECRET=… python -m sysdesign.distributed.websockets --port 9001 --room lobby --origin http://…

connection.py  a connection: frames by the library `websockets`, bytes by asyncio, bounds for what waits
server.py      all connections of a node, and their signs of life
log.py         the rooms' messages in Redis, numbered without a gap
rooms.py       the rooms of a node: history, what is said anywhere, one write a member
presence.py    who is where
chat.py        what people may ask for, and what they are told
passes.py      who somebody is
node.py        all of it together; command.py runs it as a process
client.py      a client that comes back behind the last message that it has seen
web.py         the login, and the page (page/)
"""

from .chat import Chat, Manners
from .client import ChatClient
from .command import main
from .connection import Application, Connection, Limits, text_frame
from .log import Draft, Log, Said
from .node import Node, Settings
from .passes import COOKIE, Passes
from .presence import Presence
from .rooms import Room, Rooms
from .server import Server
from .web import create_web

__all__ = [
    "COOKIE",
    "Application",
    "Chat",
    "ChatClient",
    "Connection",
    "Draft",
    "Limits",
    "Log",
    "Manners",
    "Node",
    "Passes",
    "Presence",
    "Room",
    "Rooms",
    "Said",
    "Server",
    "Settings",
    "create_web",
    "main",
    "text_frame",
]
