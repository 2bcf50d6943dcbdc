"""Client and server: notes that one program keeps, and many others list, add and remove over HTTP.

store.py     where the notes are kept: in a database, or (as a bad example) in the memory of the process
app.py       what the server answers, page included (templates/, static/)
server.py    the application under waitress or gunicorn, as a process: `python -m sysdesign.networking.client_server`
client.py    a client for programs, with a time limit for each whole exchange
problems.py  a request that is refused, and why

The server is a client as well: it asks another server for suggestions.
"""

from .app import MAX_BODY_BYTES, MAX_CHARACTERS, create_app
from .client import Client, LateAnswer, NotesClient, Refused, Unanswered
from .server import main, serve
from .store import MemoryNotes, Note, Notes, SqliteNotes

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_CHARACTERS",
    "Client",
    "LateAnswer",
    "MemoryNotes",
    "Note",
    "Notes",
    "NotesClient",
    "Refused",
    "SqliteNotes",
    "Unanswered",
    "create_app",
    "main",
    "serve",
]
