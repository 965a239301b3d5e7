"""An edited script put in the place of the old one, which is kept."""

from __future__ import annotations

import io
import os
import tempfile
import tokenize
from pathlib import Path

from gradwise.errors import UsageError
from gradwise.heal.edits.editing import Edited
from gradwise.heal.edits.script.reading import fault_of


def read(path: str | Path) -> str:
    """The text of a script with its own line ends, decoded as Python would.

    Raises:
        UsageError: no such file, or its bytes do not fit its encoding.
    """
    try:
        data = Path(path).read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}.") from None
    except (SyntaxError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}; save it as UTF-8.") from None


def write(path: str | Path, edited: Edited) -> Path:
    """Put the edited text into a script, at once or not at all; the old one stays as ``.orig``.

    Args:
        path: the script; of a link, the file that it leads to.
        edited: made from the text that stands there now.

    Returns:
        Where the original is kept.

    Raises:
        UsageError: the script has changed since, an ``.orig`` stands there already, nothing was
            edited, or the place cannot be written.
    """
    script = Path(path).resolve()
    kept = script.with_name(f"{script.name}.orig")
    if edited.source == edited.before:
        raise UsageError(f"{path}: no edit could be located, so nothing is written.")
    if read(script) != edited.before:
        raise UsageError(f"{path} has changed since the edit was made; run again to edit what it says now.")
    if kept.exists() or kept.is_symlink():
        raise UsageError(f"{kept} exists and would be lost; move it away or delete it.")
    data = script.read_bytes()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    fault = fault_of(edited.source)
    try:
        text = edited.source.encode(encoding)
    except UnicodeEncodeError as error:
        fault = str(error)
    if fault:
        raise UsageError(f"{path}: the edit does not fit the script: {fault}.")
    try:
        _put(script, kept, data, text)
    except OSError as error:
        raise UsageError(f"cannot write {script}: {error.strerror}.") from None
    return kept


def _put(script: Path, kept: Path, before: bytes, after: bytes) -> None:
    """Both files; the script is whole at every moment and keeps its mode."""
    mode = script.stat().st_mode
    with kept.open("xb") as file:
        file.write(before)
        os.fsync(file.fileno())
    kept.chmod(mode)
    handle, name = tempfile.mkstemp(prefix=f".{script.name}.", dir=script.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(script)
    except OSError:
        Path(name).unlink(missing_ok=True)
        kept.unlink(missing_ok=True)
        raise
