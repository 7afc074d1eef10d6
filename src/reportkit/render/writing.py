"""WeasyPrint's files, written with less work: compressed at zlib's usual level, each object put into bytes once.

A WeasyPrint, or a pydyf, that looks otherwise goes on as it is.
"""

from __future__ import annotations

import re
import zlib
from types import SimpleNamespace
from typing import Any

import pydyf
import weasyprint.pdf.fonts

#: zlib as pydyf knows it, which asks for its hardest: four times as long for a fiftieth less.
USUAL = SimpleNamespace(compress=zlib.compress, compressobj=lambda level=-1: zlib.compressobj())  # noqa: ARG005


class _Written(pydyf.Object):  # type: ignore[misc]
    """An object of a PDF as the bytes that it is in the file."""

    data = b""
    compressible = False

    def __init__(self, made: pydyf.Object) -> None:
        super().__init__()
        self.number, self.generation, self.free = made.number, made.generation, made.free
        self.compressible = made.compressible
        if made.free != "f":
            self.data = made.data


def once(_: object, made: pydyf.PDF) -> None:
    """Turn a PDF's objects into bytes: pydyf would do so twice, for the file and for the hash in its identifier."""
    made.objects = [_Written(one) for one in made.objects]


class _Arrays:
    """cffi under another name for arrays: it would parse C for each length that a list of glyphs can have."""

    def __init__(self, ffi: Any) -> None:
        self._ffi = ffi

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ffi, name)

    def new(self, kind: str, *filled: Any) -> Any:
        """A new value of this C type, filled with what is given; an array is as long as that."""
        return self._ffi.new(re.sub(r"\[\d+\]$", "[]", kind) if filled else kind, *filled)


def install() -> None:
    """Let pydyf and WeasyPrint ask here, as far as they write files the way that they are known to."""
    if getattr(pydyf, "zlib", None) is zlib:
        pydyf.zlib = USUAL
    known = getattr(weasyprint.pdf.fonts, "ffi", None)
    if known is not None and not isinstance(known, _Arrays):
        weasyprint.pdf.fonts.ffi = _Arrays(known)
