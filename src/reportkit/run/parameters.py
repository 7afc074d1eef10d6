"""A notebook's own parameters. Papermill only warns about one that the notebook lacks; here it is refused."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from copy import deepcopy
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from reportkit.errors import NotebookError, UnknownName

TAG = "parameters"
PLAIN = (
    'a parameters cell may only assign plain values, such as `quarter = "2026-Q3"`, one a line; move the rest below it'
)


def read(path: Path) -> NotebookNode:
    """The notebook in the file, as nbformat 4 with an id for every cell. Raises NotebookError where it is none."""
    return deepcopy(_read(path))


def _read(path: Path) -> NotebookNode:
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotebookError(f"this notebook cannot be read: {error.strerror}.", where=path.name) from None
    except Exception as error:  # noqa: BLE001  # nbformat raises its own, json's and jsonschema's errors
        first = next(iter(str(error).splitlines()), type(error).__name__)[:120]
        raise NotebookError(
            f"this is no Jupyter notebook ({first}); open and save it in Jupyter.", where=path.name
        ) from None


@lru_cache(maxsize=32)
def _parsed(text: str) -> NotebookNode:
    """The notebook: looked at several times a report, and by many reports. Nobody may change it."""
    notebook: NotebookNode = nbformat.convert(nbformat.reader.reads(text), 4)
    _name(notebook)
    nbformat.validate(notebook)
    return notebook


def cells(path: Path) -> list[NotebookNode]:
    """The cells of the notebook in the file, to be looked at alone. Raises NotebookError where it is none."""
    return list(_read(path).cells)


def _name(notebook: NotebookNode) -> None:
    """Give a notebook of before nbformat 4.5 the ids that it lacks: the same each time, so that builds are alike."""
    if (notebook.nbformat, notebook.nbformat_minor) >= (4, 5):
        return
    notebook.nbformat_minor = 5
    for number, cell in enumerate(notebook.cells, 1):
        cell["id"] = f"cell-{number}"


def declared(notebook: NotebookNode, name: str) -> tuple[str, ...]:
    """The names that the notebook's parameters cell assigns.

    Raises NotebookError where there is no such cell, more than one, or one that does more than assign plain values.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code" and TAG in c.get("metadata", {}).get("tags", [])]
    if not cells:
        raise NotebookError(
            "this notebook has no parameters cell; give the cell that sets `audience` and `quarter` the tag `parameters`.",
            where=name,
        )
    if len(cells) > 1:
        raise NotebookError(
            f"this notebook has {len(cells)} parameters cells; keep the tag on one of them.", where=name
        )
    try:
        tree = ast.parse(cells[0].source)
    except SyntaxError as error:
        raise NotebookError(
            f"its parameters cell is not Python: {error.msg} in line {error.lineno}.", where=name
        ) from None
    return tuple(dict.fromkeys(assigned for node in tree.body for assigned in _assigned(node, name)))


def _assigned(node: ast.stmt, name: str) -> tuple[str, ...]:
    """The name that a statement assigns a plain value to; none for a text that stands alone. Raises NotebookError otherwise."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return ()
    target, value = None, None
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign):
        target, value = node.target, node.value
    if isinstance(target, ast.Name) and value is not None and _plain(value):
        return (target.id,)
    raise NotebookError(f"{PLAIN} (`{ast.unparse(node).splitlines()[0]}`).", where=name)


def _plain(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def check(path: Path, given: Iterable[str]) -> None:
    """Raises UnknownName where the notebook does not declare a parameter that it would be given."""
    known = declared(_read(path), path.name)
    for name in given:
        if name not in known:
            raise UnknownName("parameter", name, known, where=path.name)
