"""Everything that is wrong with a workspace, at once, before anything is built; and what would make it better."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reportkit import run, workspace
from reportkit.check import headers, narrative, needles, proofs, sources
from reportkit.errors import ReportkitError
from reportkit.figures import theme
from reportkit.params import Fault, Params
from reportkit.workspace import Workspace

NOTEBOOK_PARAMETERS = ("audience", "quarter")


def faults(root: Path) -> tuple[Fault, ...]:
    """Every fault of the workspace at `root`, in the order of its files; empty where it can be built.

    Where a params file cannot be understood, what builds on the params is checked the next time.
    """
    params, found = workspace.faults(root)
    if params is None:
        return (*found, *_brand(root))
    place = Workspace(root, params)
    looked = headers.look(place)
    return _once(
        (
            *found,
            *_brand(root),
            *sources.faults(place, looked),
            *_notebooks(place),
            *_quarters(params),
            *needles.faults(place, looked.given),
            *proofs.faults(place),
            *narrative.faults(place),
        )
    )


def advice(root: Path) -> tuple[Fault, ...]:
    """What is not wrong but would make a report say more; empty where the params cannot be understood."""
    params, _ = workspace.faults(root)
    if params is None:
        return ()
    place = Workspace(root, params)
    return _once((*sources.advice(place), *proofs.advice(place), *narrative.advice(place)))


def _once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(dict.fromkeys(Fault(f.where, _sentence(f.message)) for f in faults))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _brand(root: Path) -> Iterable[Fault]:
    path = root / "params" / "_brand.yml"
    if not path.is_file():
        return
    try:
        theme.load_brand(path)
    except ReportkitError as error:
        yield Fault("params/_brand.yml", error.message)


def _notebooks(place: Workspace) -> Iterable[Fault]:
    """A fault for each notebook that is missing, is none, or could not be given its parameters."""
    for audience in place.audiences:
        try:
            notebook = place.notebook(audience)
            run.check(notebook, NOTEBOOK_PARAMETERS)
        except ReportkitError as error:
            where = error.where or "notebooks"
            yield Fault(where if "/" in where else f"notebooks/{where}", error.message)


def _quarters(params: Params) -> Iterable[Fault]:
    """A fault for each ask to an audience that gets no report in the quarter."""
    for quarter, particular in params.quarters.items():
        for audience in particular.asks:
            if particular.audiences and audience in params.audiences and audience not in particular.audiences:
                yield Fault(
                    params.lines.where(f"{quarter}.yaml", "asks", audience),
                    f"{audience} is asked for something but gets no report in {quarter}; add it to `audiences` "
                    "or take the ask out.",
                )
