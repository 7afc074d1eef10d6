"""The index of a quarter: every report with its reader, headline, verdicts and files, and how sound the data is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from reportkit.figures.theme import MARKS, Mark
from reportkit.render import style
from reportkit.render.frame import environment, logo
from reportkit.render.sheet import Entry, Health, Sheet


def index(
    entries: Sequence[Entry], sheet: Sheet, health: Health, verdicts: Mapping[str, int], notes: Sequence[str] = ()
) -> str:
    """The page that leads to all reports of a quarter; self-contained but for its links to them.

    `verdicts` counts the needles of all proofs, each once; `notes` say which reports there are not, and why.
    """
    return environment().get_template("contents.html.j2").render(
        entries=entries, sheet=sheet, css=Markup(style.screen(sheet.brand)), logo=logo(sheet.brand.logo), counts=_counts,
        health=health, notes=notes, total=Entry("", "", "", "", verdicts),
    )  # fmt: skip


def rehearse() -> None:
    """Compile the templates, which is sooner done while reports are made than afterwards."""
    environment().get_template("contents.html.j2")


def _counts(entry: Entry) -> Iterator[tuple[Mark, int]]:
    """Each verdict that occurs, good news and bad first."""
    for verdict, mark in MARKS.items():
        if count := entry.verdicts.get(verdict.value, 0):
            yield mark, count
