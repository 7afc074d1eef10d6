"""reportkit: value reports for a platform team's stakeholders, from notebooks and extracts.

The map, top to bottom; imports point down it (held by the import contract in pyproject.toml):

    cli          one command a verb; an error is one line and an exit code
    catalogue    needles and entities in words
    console      what the command line shows, on a terminal and elsewhere
    preview      a report in the browser while it is being edited
    preloaded    what the fork servers import
    pack         all reports of a quarter: plan, run, render, record
    scaffold     writes a new workspace
    check        every fault of a workspace at once
    plan         what a proof could show, before it starts
    run          executing notebooks, each in its own process
    render       executed notebook → HTML, PDF
    workspace    finds the workspace, reads params/, opens extracts
    amended      proofs that were changed after their read-out
    definitions  what decides a needle's number, as hashes
    ledger       bets and what became of them
    report       Report: all that a notebook sees
    sections     the sections of a report
    findings     readings and evidence behind them
    figures      one file, one picture: its static and its live face, its alt text
    narrative    reading and filling in the texts of params and notebooks
    evidence     before and after
    measure      needles over an extract
    derived      columns that follow from others by the organisation's rules
    preceding    the latest event before another
    spells       intervals that overlap as one
    snapshot     extracts: take, check, freeze, open
    needles      one file a theme, one declaration a needle
    versions     what git knows of a params file: what was declared when
    sources      one file a source
    fetch        what sources share: people, secrets, pages of an API
    entities     the tables and their contracts
    params       YAML → models, with lines
    written      what a YAML file says, and in which lines
    display      what a cell shows: one MIME bundle, several faces
    files        locks, scratch folders, files put in place as a whole
    forks        processes forked from servers that have the libraries
    lean         a library imported without what it imports for uses that are not ours
    shared       work that several notebooks would do, done once
    unchanged    whether anything is different from the last build
    lent         a fork server that other processes of the machine use as well
    turns        threads of which one at a time has the turn
    english      everything that a report says; another language is this folder again
    model        frozen values; no I/O
    errors       the exception tree, drawn at the top

In a notebook:

    from reportkit import open_report
    report = open_report("executives", "2026-Q3")
    report.answer()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reportkit.model.params import Proof
    from reportkit.report import Report
    from reportkit.workspace import Workspace, compare, open_report

__all__ = ["Proof", "Report", "Workspace", "compare", "open_report"]

_HOMES = {
    "Proof": "reportkit.model.params",
    "Report": "reportkit.report",
    "Workspace": "reportkit.workspace",
    "compare": "reportkit.workspace",
    "open_report": "reportkit.workspace",
}


def __getattr__(name: str) -> Any:
    """The public names, imported when first used, so that `reportkit --help` starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'reportkit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
