"""The words between the figures: references in Markdown cells filled in with the numbers that the report shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbformat import NotebookNode

from reportkit.check.narrative import has_text, in_notebook
from reportkit.errors import NotebookError, ParamsError
from reportkit.model.period import Quarter
from reportkit.model.shown import Shown
from reportkit.narrative.ground import of_record
from reportkit.narrative.references import fill
from reportkit.needles import library
from reportkit.workspace import Workspace

REFERENCE = re.compile(r"(?<![\w{}$\\])\{\s*([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)\s*\}(?!\})")


def filled(
    notebook: NotebookNode, numbers: Mapping[str, Mapping[str, Any]], quarter: Quarter, name: str
) -> NotebookNode:
    """The notebook with `{lead_time_for_changes.after}` in its Markdown cells as the number is printed; other braces stay.

    `.now` and `.last_quarter` are the quarter's number and that of the one before. Raises NotebookError for one that the
    report does not show, or that may mean several.
    """
    shown = [Shown(id_, str(n["text"]), None) for id_, n in numbers.items()] + _aliases(numbers, quarter)
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "markdown":
            cell.source = _written(cell.source, shown, f"{name}.ipynb, cell {number}")
    return notebook


def remarks(workspace: Workspace, whole: Mapping[str, Any], reports: Iterable[str]) -> tuple[str, ...]:
    """What the narrative check finds in the Markdown cells of these reports, given the numbers that they show."""
    entries = {report: whole["reports"][report] for report in reports}
    read = [name for name, entry in entries.items() if has_text(workspace, entry.get("audience", name))]
    if not read:
        return ()  # and no needle need be known
    found = (
        f"{fault.where}: {fault.message}"
        for report, entry in ((name, entries[name]) for name in read)
        for fault in in_notebook(workspace, entry.get("audience", report), of_record(entry["numbers"], library()))
    )
    return tuple(dict.fromkeys(found))


def _written(text: str, shown: list[Shown], where: str) -> str:
    try:
        return REFERENCE.sub(lambda match: fill(match[0], shown), text)
    except ParamsError as error:
        raise NotebookError(error.message, where=where) from None


def _aliases(numbers: Mapping[str, Mapping[str, Any]], quarter: Quarter) -> list[Shown]:
    """The readings of this quarter and of the one before by names that last."""
    windows = {"now": quarter.window, "last_quarter": quarter.shift(-1).window}
    found = []
    for name, window in windows.items():
        for id_, number in numbers.items():
            if number.get("needle") and id_.endswith(f"{number['needle']}.{window.start}/{window.end}"):
                found.append(Shown(f"{number['needle']}.{name}", str(number["text"]), None))
    return found
