"""Opening a run file to read it: while it grows, after a crash, in a read-only directory."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from gradwise.errors import TraceError
from gradwise.trace.schema import APPLICATION_ID, FILE_NAME, SCHEMA_VERSION

READ_WAIT = 5.0  # s that a reader waits for a lock
MAGIC = b"SQLite format 3\0"
HEADER_BYTES = 100  # of every SQLite file


@contextmanager
def open_trace(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection with one transaction open: what is read belongs together.

    Args:
        path: a run directory or the file in it.

    Raises:
        TraceError: there is no run, it was cut short or damaged, or it is newer than this version.
    """
    file = trace_file(path)
    try:
        with _connect(file) as database:
            database.execute("BEGIN")
            _check(database, file)
            yield database
    except sqlite3.DatabaseError as error:
        raise TraceError(_damaged(file, str(error))) from error


def trace_file(path: Path) -> Path:
    """The run file at ``path``, which may be the file itself or its directory.

    Raises:
        TraceError: there is none, or it is empty.
    """
    path = Path(path)
    try:
        file = path / FILE_NAME if path.is_dir() else path
        if not path.exists():
            raise TraceError(f"there is no run at {path}; `gradwise runs` lists the recorded ones.")
        if not file.exists():
            raise TraceError(f"{path} holds no run: it has no {FILE_NAME}; `gradwise runs` lists runs.")
        if file.stat().st_size == 0:
            raise TraceError(f"{file} is empty: the run ended before anything was written; record it again.")
        with file.open("rb") as stream:
            head = stream.read(HEADER_BYTES)
    except OSError as error:
        raise TraceError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if not head.startswith(MAGIC[: len(head)]):
        raise TraceError(_damaged(file, "not a database"))
    if len(head) < HEADER_BYTES:
        raise TraceError(_damaged(file, f"only {len(head)} bytes are left"))
    return file


@contextmanager
def _connect(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        database = _probe(file, "mode=ro")
    except sqlite3.OperationalError:
        # A file in WAL mode needs its -shm file made; a read-only directory forbids that.
        log = _log(file)
        if log.exists() and log.stat().st_size:
            with tempfile.TemporaryDirectory(prefix="gradwise-") as folder:
                copy = Path(folder) / file.name
                try:
                    shutil.copyfile(file, copy)
                    shutil.copyfile(log, copy.with_name(log.name))
                except OSError as error:
                    raise TraceError(
                        f"{file} is read from a copy, and there is no room for it at {folder} "
                        f"({error.strerror}); make room, or let its own directory be written."
                    ) from error
                with closing(_probe(copy, "mode=rw")) as database:
                    yield database
            return
        database = _probe(file, "mode=ro&immutable=1")
    with closing(database):
        yield database


def _log(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def _probe(file: Path, mode: str) -> sqlite3.Connection:
    address = f"file:{quote(str(file.absolute()))}?{mode}"
    database = sqlite3.connect(address, uri=True, timeout=READ_WAIT, isolation_level=None)
    try:
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, file: Path) -> None:
    application = database.execute("PRAGMA application_id").fetchone()[0]
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise TraceError(
            f"{file} is an SQLite file but no gradwise run; give a run directory or its {FILE_NAME}."
        )
    if version > SCHEMA_VERSION:
        raise TraceError(
            f"{file} was written by a newer gradwise (trace version {version}, "
            f"this one reads up to {SCHEMA_VERSION}); upgrade gradwise to read it."
        )
    log = _log(file)
    if not (log.exists() and log.stat().st_size):  # else the log holds pages that the file lacks
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        expected = pages * database.execute("PRAGMA page_size").fetchone()[0]
        # SQLite itself reads the missing part of a last page as zeros.
        if (size := file.stat().st_size) < expected:
            raise TraceError(_damaged(file, f"{size} of {expected} bytes are left"))


def _damaged(file: Path, reason: str) -> str:
    if "not a database" in reason:
        return f"{file} is no gradwise run (not an SQLite file); give a run directory or its {FILE_NAME}."
    return f"{file} is cut short or damaged ({reason}); restore it from a copy or record the run again."
