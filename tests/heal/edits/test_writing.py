"""The edited script in the place of the old one."""

import os

import pytest

from gradwise.errors import UsageError
from gradwise.heal.edits.editing import Edited, edit
from gradwise.heal.edits.writing import read, write
from tests.heal.edits.scripts import script


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "train.py"
    path.write_bytes(script().encode())
    return path


def lowered(path):
    return edit(read(path), [("lower-lr", {"factor": 0.1})])


def test_the_original_is_kept(file):
    file.chmod(0o755)
    kept = write(file, lowered(file))
    assert kept == file.with_name("train.py.orig")
    assert kept.read_text() == script()
    assert file.read_text() == script().replace("lr=0.5", "lr=0.05")
    assert file.stat().st_mode & 0o777 == 0o755
    assert sorted(each.name for each in file.parent.iterdir()) == ["train.py", "train.py.orig"]


def test_an_original_is_never_overwritten(file):
    write(file, lowered(file))
    before = file.read_bytes()
    with pytest.raises(UsageError, match=r"train.py.orig exists"):
        write(file, lowered(file))
    assert file.read_bytes() == before


def test_a_script_that_has_changed_since_is_refused(file):
    edited = lowered(file)
    file.write_text(script() + "# more\n")
    with pytest.raises(UsageError, match="has changed since"):
        write(file, edited)
    assert file.read_text().endswith("# more\n")
    assert not file.with_name("train.py.orig").exists()


def test_nothing_edited_is_nothing_written(file):
    with pytest.raises(UsageError, match="nothing is written"):
        write(file, edit(read(file), [("early-stop", {})]))


def test_what_would_not_compile_is_refused(file):
    with pytest.raises(UsageError, match="does not fit"):
        write(file, Edited("x = (", "", before=script()))
    assert file.read_text() == script()


def test_a_link_leads_to_the_script(file, tmp_path):
    link = tmp_path / "link.py"
    link.symlink_to(file)
    write(link, lowered(link))
    assert link.is_symlink() and "lr=0.05" in file.read_text()


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        ("# -*- coding: latin-1 -*-\n# größer\n", "latin-1"),
        ("# größer\n", "utf-8-sig"),
        ("# größer\n", "utf-8"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encoding_and_line_ends_are_kept(file, start, encoding, end):
    text = (start + script()).replace("\n", end)
    file.write_bytes(text.encode(encoding))
    write(file, lowered(file))
    assert file.read_bytes() == text.replace("lr=0.5", "lr=0.05").encode(encoding)


def test_a_file_that_cannot_be_read_or_written_is_told_in_one_sentence(file, tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read(tmp_path / "none.py")
    file.write_bytes(b"x = '\xff'\n")
    with pytest.raises(UsageError, match="UTF-8"):
        read(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_takes_nothing(file):
    edited = lowered(file)
    file.parent.chmod(0o555)
    with pytest.raises(UsageError, match="cannot write"):
        write(file, edited)
    file.parent.chmod(0o755)
