"""A PNG file as a test looks at it: how large, and whether anything is on it."""

import struct
import zlib


class PngFile:
    """Reads what resvg writes: eight bits, no interlacing. Raises AssertionError at anything else."""

    def __init__(self, content: bytes) -> None:
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        at, packed, line = 8, b"", 1
        while at < len(content):
            size, kind = struct.unpack(">I4s", content[at : at + 8])
            chunk = content[at + 8 : at + 8 + size]
            assert zlib.crc32(kind + chunk) == struct.unpack(">I", content[at + 8 + size : at + 12 + size])[0]
            if kind == b"IHDR":
                self.width, self.height, bits, colours, _, _, interlaced = struct.unpack(">IIBBBBB", chunk)
                assert (bits, interlaced) == (8, 0)
                line = 1 + self.width * {0: 1, 2: 3, 4: 2, 6: 4}[colours]
            elif kind == b"IDAT":
                packed += chunk
            at += 12 + size
        lines = zlib.decompress(packed)
        self.lines = [lines[begin : begin + line] for begin in range(0, len(lines), line)]
        assert len(self.lines) == self.height

    @property
    def different_lines(self) -> int:
        """How many different lines it has: one or two if nothing is drawn."""
        return len(set(self.lines))
