"""Matplotlib's list of the fonts of this machine, read or made when a figure asks for a font by its name: reportkit's name files.

On a machine where it was never made that takes a quarter of a second, of whoever imports Matplotlib.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import threading
from ast import literal_eval
from importlib.util import find_spec
from pathlib import Path
from typing import Any

VERSION = re.compile(
    r"^class FontManager\b.*?^    __version__ = (?P<version>'[^']+'|\"[^\"]+\"|\d+)$", re.DOTALL | re.MULTILINE
)
_LISTING = threading.RLock()


def listed_late() -> None:
    """Import Matplotlib's manager of fonts with its list still to be read; with it, if this version of it is another one."""
    name = "matplotlib.font_manager"
    spec = None if name in sys.modules else find_spec(name)
    known = VERSION.search(Path(spec.origin).read_text(encoding="utf-8")) if spec and spec.origin else None
    if not known:
        return
    import matplotlib as mpl

    usual = mpl.get_cachedir
    with tempfile.TemporaryDirectory() as folder:
        version = literal_eval(known["version"])
        empty: dict[str, Any] = {"__class__": "FontManager", "_version": version, "afmlist": [], "ttflist": []}
        Path(folder, f"fontlist-v{version}.json").write_text(json.dumps(empty), encoding="utf-8")
        mpl.get_cachedir = lambda: folder
        try:
            from matplotlib import font_manager
        finally:
            mpl.get_cachedir = usual
    _empty(font_manager, empty)


def _empty(module: Any, empty: dict[str, Any]) -> None:
    """Have the manager, where it is the empty one, read its list when it is first looked at."""
    manager, usual = module.fontManager, module.FontManager
    load = getattr(module, "_load_fontmanager", usual)
    if vars(manager) != {name: value for name, value in empty.items() if name != "__class__"}:
        return

    def listed(self: Any, name: str) -> Any:
        with _LISTING:
            if type(self) is not usual:
                self.__dict__.update({**vars(load()), **self.__dict__})
                self.__class__ = usual
        return getattr(self, name)

    def whole(self: Any, protocol: int) -> Any:
        listed(self, "ttflist")
        return self.__reduce_ex__(protocol)

    vars(manager).clear()
    manager.__class__ = type("FontManager", (usual,), {"__getattr__": listed, "__reduce_ex__": whole})
