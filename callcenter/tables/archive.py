"""The ZIP that a workbook is, of which no more is unpacked than was said, whatever its parts are called.

Theory: which parts a reader of workbooks reads is for the file to say (content types, relationships): limits by names
would be limits that a file chooses. So every byte is counted as it is unpacked: those that are kept in memory at once
(what comes before the rows, then each row), and all of them. A document type is refused: no workbook has one, and with
it a few bytes of XML can stand for many.
"""

import io
import zipfile
from pathlib import Path
from typing import IO, Final

from callcenter.tables.row import wrong

UNPACKED_BYTES_MAX: Final = 4 << 30
RATIO_MAX: Final = 200  # a sheet of text packs to a tenth; a bomb to a thousandth
RATIO_FROM_BYTES: Final = 1 << 20  # of a small file nobody asks how well it is packed
TEXTS_BYTES_MAX: Final = 128 << 20
"""Of texts that cells share: they are read whole, and take six times as much memory."""
DESCRIBED_BYTES_MAX: Final = 8 << 20
"""Of all else that is read before the rows (styles, names of sheets, relationships): it may take 125 times as much."""
DESCRIBED: Final = "styles, sheets and relationships"
ROW_BYTES_MAX: Final = 32 << 20
"""Of one row, and of all that follows the last: it takes thirty times as much. 200 cells of 32,767 letters are less."""
PIECE_BYTES: Final = 1 << 16
REMEDY: Final = "split it, or save it as CSV"
_DOCTYPES: Final = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
_OVERLAP_BYTES: Final = max(map(len, _DOCTYPES)) - 1


class Archive(zipfile.ZipFile):
    """A ZIP that is read only, and not beyond its limits. Raises ConfigurationError at them, from any read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path
        self._packed = path.stat().st_size
        self._unpacked = 0
        self.reads(DESCRIBED, DESCRIBED_BYTES_MAX)

    def open(  # what openpyxl asks for: a part, to be read
        self, name: str | zipfile.ZipInfo, mode: str = "r", pwd: bytes | None = None, *, force_zip64: bool = False
    ) -> IO[bytes]:
        """A part, counted."""
        if self._to_its_end:  # what it is said to be is not exceeded by what is read of it
            self._bounded(self.getinfo(name).file_size if isinstance(name, str) else name.file_size)
        return io.BufferedReader(_Part(self, super().open(name)), PIECE_BYTES)

    def reads(self, what: str, bytes_max: int, *, to_its_end: bool = False) -> None:
        """From now on this is read, of which so many bytes at most are held in memory at once.

        `to_its_end`: all of each part, so that one which is larger is refused before it is read.
        """
        self._at_once, self._at_once_max, self._what, self._to_its_end = 0, bytes_max, what, to_its_end

    def unpacked(self, count: int) -> None:
        """So many bytes more were unpacked."""
        self._unpacked += count
        self._at_once += count
        self._bounded(0)
        most = min(UNPACKED_BYTES_MAX, max(RATIO_MAX * self._packed, RATIO_FROM_BYTES))
        if self._unpacked > most:
            raise wrong(str(self._path), f"unpacks to more than {most:,} bytes", REMEDY)

    def _bounded(self, more: int) -> None:
        if self._at_once + more > self._at_once_max:
            what = f"has more than {self._at_once_max:,} bytes of {self._what}, which have to be read at once"
            raise wrong(str(self._path), what, REMEDY)

    def has_doctype(self) -> None:
        """A part has a document type."""
        raise wrong(str(self._path), "holds a document type, as no workbook does", "save it anew, or as CSV")


class _Part(io.RawIOBase):
    """One part, as it is read."""

    def __init__(self, archive: Archive, source: IO[bytes]) -> None:
        self._archive = archive
        self._source = source
        self._end = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        piece = self._source.read(len(view))
        self._archive.unpacked(len(piece))
        seen = self._end + piece
        if any(doctype in seen for doctype in _DOCTYPES):
            self._archive.has_doctype()
        self._end = seen[-_OVERLAP_BYTES:]
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._source.close()
        super().close()
