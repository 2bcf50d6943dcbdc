"""The catalogue: which files there are, in a database; of each it names the object that holds its bytes.

An object is in the catalogue before its first byte is in the store, as `loose`: not yet, or no longer, a file's. What the store
has and the catalogue does not is left over, whatever has died in between. SQLite and PostgreSQL, by SQLAlchemy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import IntegrityError

from .bucket import Failure
from .streams import Content

COMING, GOING = "coming", "going"
MODEL = MetaData()
FILES = Table(
    "files",
    MODEL,
    Column("key", Text, primary_key=True),
    Column("object", String(32), nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(44), nullable=False),
    Column("content_type", Text, nullable=False),
    Column("written_at", Float, nullable=False),
)
LOOSE = Table(
    "loose_objects",
    MODEL,
    Column("object", String(32), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("since", Float, nullable=False, index=True),
    Column("key", Text, nullable=False),
    Column("size", BigInteger),
    Column("sha256", String(44)),
    Column("content_type", Text),
)


@dataclass(frozen=True)
class File:
    """A file as the catalogue knows it; `object` names its bytes in the store, and is another after every write."""

    key: str
    object: str
    size: int
    sha256: str
    content_type: str
    written_at: float

    @property
    def content(self) -> Content:
        """What its bytes must be."""
        return Content(self.size, self.sha256)


class Catalogue:
    """The files of an application.

    Args:
        url: `sqlite:///path` or `postgresql://…`.
        clock: Tells the seconds since the epoch.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        parsed = make_url(url)
        driver = {"postgresql": "postgresql+psycopg"}.get(parsed.drivername, parsed.drivername)
        self._engine, self._clock = create_engine(parsed.set(drivername=driver)), clock
        MODEL.create_all(self._engine)

    def expect(self, name: str, key: str, content: Content | None = None, content_type: str = "") -> None:
        """Note an object that is about to be written, and what it must be where that is known."""
        row = {"object": name, "state": COMING, "since": self._clock(), "key": key, "content_type": content_type}
        if content:
            row |= {"size": content.size, "sha256": content.sha256}
        with self._engine.begin() as connection:
            connection.execute(insert(LOOSE).values(row))

    def expected(self, name: str) -> tuple[str, Content, str]:
        """Return key, content and media type of an upload that was announced. Raises Failure: 404."""
        query = select(LOOSE).where(LOOSE.c.object == name, LOOSE.c.state == COMING, LOOSE.c.size.is_not(None))
        with self._engine.begin() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise Failure(404, "there is no such upload, or no longer")
        return row.key, Content(row.size, row.sha256), row.content_type

    def commit(
        self,
        name: str,
        key: str,
        content: Content,
        content_type: str,
        *,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> File:
        """Make an object that is in the store the file's, for all readers at once; the one before is loose from now on.

        Raises:
            Failure: 412, the condition does not hold; 409, it took so long that the sweep has given it up.
        """
        file = File(key, name, content.size, content.sha256, content_type, self._clock())
        try:
            with self._engine.begin() as connection:
                self._exchange(connection, file, if_absent=if_absent, if_match=if_match)
        except IntegrityError:  # another has inserted the key meanwhile: now it is there
            return self.commit(name, key, content, content_type, if_absent=if_absent, if_match=if_match)
        return file

    def _exchange(self, connection: Connection, file: File, *, if_absent: bool, if_match: str | None) -> None:
        ours = delete(LOOSE).where(LOOSE.c.object == file.object, LOOSE.c.state == COMING)
        if not connection.execute(ours).rowcount:  # it writes first, so that SQLite locks before anything is read
            raise Failure(409, "the upload has been given up")
        same = FILES.c.key == file.key
        current = connection.execute(select(FILES.c.object).where(same).with_for_update()).scalar()
        if (if_absent and current) or (if_match is not None and if_match != current):
            raise Failure(412, "the file is there already" if if_absent else "the file is another by now")
        if current is None:
            connection.execute(insert(FILES).values(vars(file)))
        else:
            connection.execute(update(FILES).where(same).values(vars(file)))
            self._let_go(connection, file.key, current)

    def _let_go(self, connection: Connection, key: str, name: str) -> None:
        row = {"object": name, "state": GOING, "since": self._clock(), "key": key}
        connection.execute(insert(LOOSE).values(row))

    def find(self, key: str) -> File:
        """Return a file. Raises Failure: 404."""
        with self._engine.begin() as connection:
            row = connection.execute(select(FILES).where(FILES.c.key == key)).one_or_none()
        if row is None:
            raise Failure(404, "there is no such file")
        return File(*row)

    def page(self, prefix: str = "", after: str = "", limit: int = 100) -> list[File]:
        """Return the next files behind a key, in the order of their keys."""
        begins = FILES.c.key.startswith(prefix, autoescape=True)
        query = select(FILES).where(begins, FILES.c.key > after).order_by(FILES.c.key).limit(limit)
        with self._engine.begin() as connection:
            return [File(*row) for row in connection.execute(query)]

    def remove(self, key: str, name: str | None = None) -> bool:
        """Remove a file, if it is there (and still has the object named); tell whether it was."""
        chosen = delete(FILES).where(FILES.c.key == key)
        if name is not None:
            chosen = chosen.where(FILES.c.object == name)
        with self._engine.begin() as connection:
            removed = connection.execute(chosen.returning(FILES.c.object)).scalar()
            if removed is not None:
                self._let_go(connection, key, removed)
        return removed is not None

    def give_up(self, before: float) -> None:
        """Forget what has been loose since before this time: neither can it be committed, nor has a reader begun later."""
        with self._engine.begin() as connection:
            connection.execute(delete(LOOSE).where(LOOSE.c.since < before))

    def objects(self) -> dict[str, str | None]:
        """Return the key of every object that is a file's, and None for every one that is loose."""
        with self._engine.begin() as connection:
            rows = connection.execute(select(FILES.c.object, FILES.c.key))
            files: dict[str, str | None] = {row.object: row.key for row in rows}
            loose = connection.execute(select(LOOSE.c.object)).scalars().all()
        return files | dict.fromkeys(loose)

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()
