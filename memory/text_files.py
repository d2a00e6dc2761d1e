"""Files that a person hands in, read whole or refused: which line, and what was expected there."""

import codecs
import gzip
import re
import zlib
from pathlib import Path

from ioa.memory.errors import UserError

BOM = "\ufeff"
"""What some editors put before a text, and what then stands between files that were joined."""
LINE_END = re.compile(rb"\r\n|\r|\n")
"""Where a line ends: nowhere else, for U+2028, U+0085 and their like are characters of a text."""
_GZIP = b"\x1f\x8b"
_ENCODINGS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
_KINDS = {
    b"PK\x03\x04": "a ZIP archive (Excel's .xlsx is one). Unpack it, or save the sheet as CSV",
    b"BZh": "packed with bzip2. Unpack it",
    b"\xfd7zXZ\0": "packed with xz. Unpack it",
    b"\x28\xb5\x2f\xfd": "packed with zstd. Unpack it",
    b"ARROW1": "an Arrow file. Save it as Parquet",
    b"SQLite format 3\0": "an SQLite database. Export the table as CSV",
    b"version https://git-lfs": "a pointer of Git LFS and not the file itself. Fetch that with `git lfs pull`",
    b"<!doctype html": "an HTML page, perhaps an error of the server that it is from. Download the file itself",
    b"<html": "an HTML page, perhaps an error of the server that it is from. Download the file itself",
}
"""What files of other kinds begin with, in lower case, and what is to be done with one."""


class UnreadableFile(UserError):
    """A file of which nothing can be read; `path` and `text` are the two halves of the message."""

    def __init__(self, path: Path | str, text: str) -> None:
        super().__init__(f"{path}: {text}")
        self.path, self.text = path, text


def read_content(path: Path, expected: str) -> bytes:
    """The bytes of a file, unpacked where gzip packed them, whatever the file's name says.

    Args:
        path: The file.
        expected: What it should be, for the message.

    Raises:
        UnreadableFile: it is not there, cannot be read, or is of a kind that is told by its first bytes.
    """
    if path.is_dir():
        raise UnreadableFile(path, f"a folder. Expected a file: {expected}.")
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP) or (path.suffix.lower() == ".gz" and not _is_text(content)):
            content = gzip.decompress(content)
    except FileNotFoundError as error:
        raise UnreadableFile(path, "there is no such file.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(path, f"cannot be read ({error}). Expected {expected}.") from error
    beginning = content[:32].lower()
    for mark, kind in _KINDS.items():
        if beginning.startswith(mark.lower()):
            raise UnreadableFile(path, f"{kind}. Expected {expected}.")
    for mark, encoding in _ENCODINGS.items():
        if content.startswith(mark):
            raise UnreadableFile(path, f"{encoding} text. Expected UTF-8: save it anew in that encoding.")
    return content.removeprefix(codecs.BOM_UTF8)


def _is_text(content: bytes) -> bool:
    """Whether it looks like a text of ours that only its name calls packed, as browsers leave what they unpacked."""
    return content.lstrip().startswith((b"{", b"[", codecs.BOM_UTF8))


def decode_text(path: Path, content: bytes, expected: str) -> str:
    """Bytes as a text.

    Raises:
        UnreadableFile: they are not UTF-8, or no text at all; with the line.
    """
    if b"\0" in content:
        raise binary_file(path, content, expected)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        where = f"{path}:{line_at(content, error.start)}"
        raise UnreadableFile(where, f"not UTF-8 ({error}). Save it anew in that encoding.") from error


def binary_file(path: Path, content: bytes, expected: str) -> UnreadableFile:
    """The error for a file with a zero byte."""
    line = line_at(content, content.index(b"\0"))
    return UnreadableFile(
        path, f"a binary file, or UTF-16 (a zero byte in line {line}). Expected {expected}, in UTF-8."
    )


def line_at(content: bytes, offset: int) -> int:
    """The line, from 1, in which a byte stands."""
    return len(LINE_END.findall(content, 0, offset)) + 1


def read_text(path: Path, expected: str) -> str:
    """The text of a file, without a byte order mark.

    Args:
        path: The file.
        expected: What it should be, for the message.

    Raises:
        UnreadableFile: it is no such file, or no UTF-8 text.
    """
    return decode_text(path, read_content(path, expected), expected)
