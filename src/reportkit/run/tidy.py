"""An executed notebook as it may be kept and passed on: no times, no paths of this machine, the same bytes each time."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

INJECTED = "injected-parameters"
MARKER = "papermill-error-cell-tag"
Places = Mapping[str, tuple[re.Pattern[str], str]]


def tidy(notebook: NotebookNode, workspace: Path, *, published: bool = False) -> NotebookNode:
    """The notebook without what papermill and the kernel leave in it; `published` also drops stderr and machine paths."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.cells = [cell for cell in notebook.cells if MARKER not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        _cell(cell)
        if published and cell.cell_type == "code":
            kept = [output for output in cell.outputs if output.get("name") != "stderr"]
            cell.outputs = _without(kept, _places(workspace))
    return notebook


def _cell(cell: NotebookNode) -> None:
    for key in ("papermill", "execution"):
        cell.metadata.pop(key, None)
    tags = cell.metadata.get("tags")
    if tags == []:
        del cell.metadata["tags"]
    if tags and INJECTED in tags:
        cell["id"] = INJECTED


def _places(workspace: Path) -> Places:
    """This machine's folders, what stands for each as a path, and for what: '' for the workspace, '~' for the home, 'python' for the interpreter's."""
    named = {workspace.resolve(): "", Path(sys.prefix): "python/", Path.home(): "~/"}
    return {
        str(place): (re.compile(rf"(?<![\w.:/-]){re.escape(str(place))}(/|(?![\w.-]))"), name)
        for place, name in named.items()
        if len(place.parts) > 1
    }


def _without(value: Any, places: Places) -> Any:
    """The value with every machine path in its texts replaced."""
    if isinstance(value, str):
        for place, (pattern, name) in places.items():
            if place in value:  # found out in no time, where a picture is long
                value = pattern.sub(name, value)
        return value
    if isinstance(value, list):
        return [_without(item, places) for item in value]
    if isinstance(value, NotebookNode):
        return NotebookNode({key: _without(item, places) for key, item in value.items()})
    if isinstance(value, dict):
        return {key: _without(item, places) for key, item in value.items()}
    return value
