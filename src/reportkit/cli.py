"""The command line: one command a verb; an error is one line on stderr and an exit code.

Exit codes: 0 done · 1 a report failed, or a fault of reportkit itself · 2 bad input · 130 stopped.
Everything heavy is imported inside a command, so that `reportkit --help` answers at once.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from reportkit import files, shared, unchanged
from reportkit.errors import ParamsError, RenderError, ReportkitError
from reportkit.lean import SELDOM

if TYPE_CHECKING:
    from reportkit.model.needle import Needle
    from reportkit.pack import Outcome, Pack
    from reportkit.workspace import Workspace

FAILED, BAD_INPUT, STOPPED = 1, 2, 130
FROM_GIT = "--from-git"

app = typer.Typer(
    name="reportkit",
    help="Value reports for a platform team's stakeholders, from notebooks and extracts.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

WORKSPACE = ("--workspace", "-w")
# Options of builds that need no forked kernels, and forms of --workspace that are not looked into before the command does.
OTHERWISE = re.compile(r"--(help|cold|cluster|workspace=)|-\w*h|-\w*w.|-\w+w")
Inside = Annotated[
    Path | None, typer.Option(*WORKSPACE, help="A folder in the workspace; the current one where not given.")
]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit code; the only place where an exception becomes a line."""
    gc.set_threshold(SELDOM)  # hardly anything of what is imported and planned is garbage
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = _spread([item for item in given if item != "--debug"])
    signal.signal(signal.SIGTERM, _stop)
    try:
        _sooner(given)
        code = app(given, prog_name="reportkit", standalone_mode=False)
    except Exception as error:  # noqa: BLE001  # a PM gets a line, whatever happened
        code = _explained(error, debug=debug)
    except KeyboardInterrupt:
        code = STOPPED
    if code == STOPPED:  # typer's own code for it
        _complain("stopped; nothing half-made was left behind.", STOPPED)
    _leave(code if isinstance(code, int) else 0)


def _sooner(given: Sequence[str]) -> None:
    """Start to import what kernels need before the command line is parsed, for a build of a quarter that has no reports.

    Of it no more is understood here than whether that is so; where it is not, the command itself decides what to start.
    """
    if given[:1] != ["build"] or any(OTHERWISE.match(item) for item in given):
        return
    inside = next((value for name, value in pairwise(given) if name in WORKSPACE), None)
    with suppress(ParamsError, OSError, RuntimeError):
        root = files.locate(Path(inside) if inside else None)
        named = next(filter(unchanged.QUARTER.fullmatch, given), None) or unchanged.latest(root)
        if named and not (root / "reports" / named).exists():
            from reportkit import forks

            forks.warm_up(forks.KERNELS)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as installed

        typer.echo(f"reportkit {installed('reportkit')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _common(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 (typer calls _version)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
    debug: Annotated[  # noqa: ARG001 (main takes it, wherever it stands)
        bool, typer.Option("--debug", help="Show the traceback of a fault in reportkit itself.")
    ] = False,
) -> None:
    """Value reports for a platform team's stakeholders, from notebooks and extracts."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def build(  # noqa: PLR0913, PLR0917 (one a flag)
    quarter: Annotated[str | None, typer.Argument(help="Such as 2026-Q3; the latest in params/ if not given.")] = None,
    audience: Annotated[
        list[str] | None, typer.Option("--audience", "-a", help="Only this report; may be given several times.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Notebooks run at once; default: cores.")
    ] = None,
    extract: Annotated[bool, typer.Option("--extract", help="Take the extract again first.")] = False,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Make reports that nothing has changed for as well.")
    ] = False,
    cold: Annotated[bool, typer.Option("--cold", help="Start every kernel afresh instead of forking it.")] = False,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Make reports on a Dask cluster: its address, or 'local'.")
    ] = None,
    timings: Annotated[bool, typer.Option("--timings", help="Say where the time went.")] = False,
    workspace: Inside = None,
) -> None:
    """Build the reports of a quarter, as far as something has changed: HTML, PDF and executed notebook."""
    begun = time.monotonic()
    root = files.locate(workspace)
    named = quarter or unchanged.latest(root)
    if named and not (extract or force) and (said := unchanged.last(root, named, audience or ())):
        _show_unchanged(root / "reports" / named, said)
        if timings:
            _show_timings({}, begun)
        return
    from reportkit import console, forks

    again = extract or force
    begun_with = unchanged.written(root)
    if forks.wanted(cold=cold, cluster=cluster):  # they import while we do
        few = named and not (again or cluster) and unchanged.edited(root, named, audience or ())
        forks.warm_up(*((forks.FEW, forks.PAGES) if few else (forks.KERNELS,)))
    with _planned(root, None if extract else named, fresh=force), console.progress() as progress:
        from reportkit.pack import Wanted
        from reportkit.pack import build as build_pack
        from reportkit.workspace import Workspace

        found = Workspace.find(root)
        wanted = Wanted(tuple(audience or ()), jobs, extract=extract, force=force, cold=cold, cluster=cluster)
        pack = build_pack(found, named or _latest(found), wanted, progress, read=begun_with)
    _show(pack)
    if timings:
        _show_timings(pack.timings, begun)
    if not pack.ok:
        raise typer.Exit(FAILED)


@app.command()
def preview(
    report: Annotated[str, typer.Argument(help="Such as executives.")],
    quarter: Annotated[str | None, typer.Argument(help="Such as 2026-Q3; the latest in params/ if not given.")] = None,
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Where to serve it; 0: any.")] = 8765,
    workspace: Inside = None,
) -> None:
    """Show a report in the browser while it is being edited: what is saved is seen a second later."""
    from reportkit import forks

    forks.warm_up()  # it imports while we do
    from reportkit import preview as previews
    from reportkit.workspace import Workspace

    root = files.locate(workspace)
    previews.preview(root, quarter or _latest(Workspace.find(root)), report, port, typer.echo)


@app.command(name="extract")
def take(
    quarter: Annotated[str | None, typer.Argument(help="Such as 2026-Q3; only --check does without.")] = None,
    check: Annotated[  # noqa: A002, RUF100
        bool, typer.Option("--check", help="Only try each source and mapping, and say what would work.")
    ] = False,
    workspace: Inside = None,
) -> None:
    """Take and freeze the extract of a quarter, as known at its end."""
    from reportkit import console, snapshot
    from reportkit.workspace import Workspace

    found = Workspace.find(workspace)
    if quarter is None and not check:
        raise ParamsError("name the quarter whose extract is to be taken, such as 2026-Q3.")
    quarter = quarter or _latest(found)
    found.quarter(quarter)
    period = found.period(quarter)
    if check:
        _try(found, quarter)
        return
    # No build may be under way: half of its reports would be of the old extract, half of the new one.
    busy = found.root / "reports" / f".{quarter}.lock"
    with files.lock(busy, f"taking the extract of {quarter} anew"), console.progress() as progress:
        manifest = snapshot.take(found.sources, found.organisation, period, found.root, progress=progress)
    rows = [
        (
            name,
            f"{one.accepted:,}",
            f"{sum(one.set_aside.values()):,}",
            f"{one.rejected_rows:,}",
            " – ".join(one.covers),
        )
        for name, one in manifest.entities.items()
    ]
    console.table(("entity", "accepted", "set aside", "rejected", "covers"), rows)
    for name, one in manifest.entities.items():
        for warning, mend in one.warnings.items():
            console.note(f"{name}: {warning} {mend}")
    for change in manifest.drift:
        console.note(change)
    typer.echo(_near(found.root / "extracts" / quarter))


@app.command()
def check(workspace: Inside = None) -> None:
    """List every fault of the workspace at once."""
    from reportkit.check import whole as checks

    root = files.locate(workspace)
    faults = checks.faults(root)
    for fault in faults:
        typer.echo(str(fault))
    for advice in () if faults else checks.advice(root):
        typer.echo(f"{advice} (advice)")
    if faults:
        _complain(f"{len(faults)} to mend.", BAD_INPUT)
        raise typer.Exit(BAD_INPUT)
    typer.echo("No fault found.")


@app.command()
def plan(
    proof: Annotated[str, typer.Argument(help="A proof in params/proofs.yaml, begun or not.")],
    quarter: Annotated[
        str | None, typer.Option("--quarter", "-q", help="Whose extract to reckon from; the latest taken if not given.")
    ] = None,
    workspace: Inside = None,
) -> None:
    """Tell what a proof could show before it starts: by weeks and teams, with and without teams to compare with."""
    from reportkit import console
    from reportkit.plan import plans
    from reportkit.workspace import Workspace

    found = Workspace.find(workspace)
    found.proof(proof)
    with console.progress() as progress:
        progress("drawing designs from the history …")
        made = plans(found, proof, quarter or found.latest_extract())
    for one in made:
        typer.echo(f"{one.needle.label}: the smallest change that would show, by weeks after the start")
        console.table(one.header, one.rows, titled=True)
        typer.echo(one.sentence)
        typer.echo(_near(one.picture))


@app.command()
def init(
    folder: Annotated[
        Path | None, typer.Argument(help="The new workspace's folder; with --audience, a folder in the workspace.")
    ] = None,
    from_git: Annotated[
        list[Path] | None, typer.Option(FROM_GIT, help="Local clones to report on; one or several after the flag.")
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option("--audience", "-a", help="Add this audience to the workspace: a notebook and an entry."),
    ] = None,
) -> None:
    """Write a new workspace that builds at once; or add an audience to the one that is there."""
    from reportkit import console, scaffold

    if audience is not None:
        _add_audience(folder, audience)
        return
    if folder is None:
        raise ParamsError("reportkit init needs a folder for the new workspace, such as `reportkit init my-reports`.")
    made = scaffold.create(folder, from_git=tuple(from_git or ()))
    for note in made.notes:
        console.note(note)
    typer.echo(f"Wrote {_near(folder)}. Next: cd {_near(folder)} && reportkit build {made.quarter}")


def _add_audience(folder: Path | None, key: str) -> None:
    from reportkit import console
    from reportkit.check.needles import lacking
    from reportkit.scaffold import audience
    from reportkit.workspace import Workspace

    place = Workspace.find(folder)
    made = audience.add(place, key, lacking(place))
    for note in made.notes:
        console.note(note)
    typer.echo(
        f"Wrote {_near(made.notebook)} and an entry in params/audiences.yaml, led by {made.primary}. Next: put their problem "
        f"in their own words there, then reportkit build --audience {key}"
    )


@app.command()
def needles(
    key: Annotated[str | None, typer.Argument(help="One needle, in full.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a page of docs.")] = False,
    workspace: Inside = None,
) -> None:
    """List the library of needles by theme, or show one; in a workspace, with what each lacks there."""
    from reportkit import catalogue, console
    from reportkit.needles import find

    if markdown:
        typer.echo(catalogue.needles_page(), nl=False)
        return
    state = _state(workspace)
    if key is not None:
        needle = find(key)
        typer.echo(f"{needle.label} ({needle.key})")
        console.pairs(catalogue.details(needle, state))
        return
    here = ("in this workspace",) if state else ()
    header = ("needle", "theme", "kind", "unit", "question", "needs", *here)
    console.table(header, list(catalogue.rows(state)))


@app.command()
def ledger(workspace: Inside = None) -> None:
    """List every bet of all quarters with what became of it, and the share of targets hit."""
    from reportkit import console
    from reportkit.pack import bets
    from reportkit.workspace import Workspace

    entries, share = bets.entries(Workspace.find(workspace))
    console.table(bets.COLUMNS, [entry.cells for entry in entries])
    for entry in entries:
        if entry.promise.changed:
            console.note(f"{entry.promise.needle}: {entry.promise.changed}")
    typer.echo(share)


@app.command()
def entities(
    name: Annotated[str | None, typer.Argument(help="One entity.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a page of docs.")] = False,
) -> None:
    """List the entities and their columns, or show one."""
    from reportkit import catalogue, console
    from reportkit.entities import find, library

    if markdown:
        typer.echo(catalogue.entities_page(), nl=False)
        return
    for entity in library().values() if name is None else (find(name),):
        typer.echo(f"{entity.name}: {entity.meaning}")
        rows = [
            (f"  {f.name}", catalogue.field_type(f), catalogue.field_note(entity, f), f.meaning) for f in entity.fields
        ]
        console.table(("  column", "type", "", "meaning"), rows)
        for rule in entity.rules:
            typer.echo(f"  rejected: {rule.broken}")
        typer.echo()


@app.command()
def schema(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to; params/.schema in the workspace if not given.")
    ] = None,
    workspace: Inside = None,
) -> None:
    """Write the JSON Schemas with which an editor completes params/*.yaml."""
    import json

    from reportkit.params import schemas

    target = folder or files.locate(workspace) / "params" / ".schema"
    target.mkdir(parents=True, exist_ok=True)
    for name, content in schemas().items():
        path = target / f"{Path(name).stem}.json"
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        typer.echo(_near(path))


def _try(found: Workspace, quarter: str) -> None:
    """The table of what an extract would find. Exits with BAD_INPUT where something would not work."""
    from reportkit import console, snapshot

    with console.progress() as progress:
        tried = snapshot.trial(found.sources, found.organisation, found.period(quarter), found.root, progress=progress)
    console.table(("", "", "", ""), [(one.kind, one.name, "works" if one.ok else "fails", one.says) for one in tried])
    if failed := sum(not one.ok for one in tried):
        _complain(f"{failed} of {len(tried)} would not work.", BAD_INPUT)
        raise typer.Exit(BAD_INPUT)


@contextmanager
def _planned(root: Path, quarter: str | None, *, fresh: bool) -> Iterator[None]:
    """Keeps what a build of the quarter is planned by, beside its extract; nothing where none was taken, or it is taken again."""
    if quarter is None or not (root / "extracts" / quarter / "manifest.json").is_file():
        yield
        return
    ground = unchanged.ground(root, quarter)
    folder = shared.opened(root / "extracts" / quarter / ".planning", ground, fresh=fresh)
    try:
        with shared.planning(folder):
            yield
    finally:
        if folder and unchanged.ground(root, quarter) != ground:  # what was saved meanwhile may have been read as well
            shutil.rmtree(folder, ignore_errors=True)


def _latest(workspace: Workspace) -> str:
    """The latest quarter that has a params file. Raises ParamsError where there is none."""
    if not workspace.quarters:
        raise ParamsError("no quarter is described yet; add a file such as params/2026-Q3.yaml.", where="params/")
    return max(workspace.quarters)


def _show(pack: Pack) -> None:
    """The summary table, the remarks, why reports failed, and the paths of the reports."""
    from reportkit import console

    for remark in pack.remarks:
        console.note(remark)
    rows = [(o.report, _became(o), f"{o.seconds:.1f} s" if o.seconds else "", o.why) for o in pack.outcomes]
    console.table((f"report {pack.quarter}", "", "notebook", "because"), rows)
    for outcome in pack.outcomes:
        if outcome.error:
            _complain(f"{outcome.report}: {outcome.error}", FAILED)
    _show_paths([path for o in pack.outcomes for path in o.files], pack.index)


def _became(outcome: Outcome) -> str:
    if outcome.error:
        return "failed"
    if outcome.restyled:
        return "laid out"
    return "built" if outcome.why else "unchanged"


def _show_unchanged(folder: Path, said: Mapping[str, Any]) -> None:
    """What a build says for which nothing is different from the last one."""
    from reportkit import console

    for remark in said["remarks"]:
        console.note(remark)
    console.table(
        (f"report {folder.name}", "", "notebook", "because"), [(name, "unchanged", "", "") for name in said["reports"]]
    )
    _show_paths(
        [folder / f"{name}.{ending}" for name in said["reports"] for ending in ("html", "pdf")], folder / "index.html"
    )


def _show_paths(paths: Sequence[Path], index: Path) -> None:
    made = [path for path in paths if path.suffix in {".pdf", ".html"}]
    for path in (*made, index) if made else ():
        typer.echo(_near(path))


def _show_timings(seconds: Mapping[str, float], begun: float) -> None:
    """Seconds by stage with their share, and the whole by the clock on the wall."""
    from reportkit import console

    whole = sum(seconds.values())
    rows = [(f"  {stage}", f"{spent:.2f} s", f"{spent / whole:.0%}") for stage, spent in seconds.items()]
    console.table(("stage, all processes together", "", ""), rows)
    typer.echo(f"{time.monotonic() - begun:.2f} s from start to end.")


def _state(start: Path | None) -> Callable[[Needle], str | None] | None:
    """What each needle lacks in the workspace at hand; None outside of one. Raises ParamsError where one is named."""
    from reportkit.check.needles import lacking
    from reportkit.workspace import Workspace

    if start is None:
        try:
            files.locate()
        except ParamsError:
            return None
    return lacking(Workspace.find(start))


def _spread(arguments: Iterable[str]) -> list[str]:
    """`--from-git a b` as `--from-git a --from-git b`, which is how the parser wants it."""
    result: list[str] = []
    taking = False
    for item in arguments:
        if item.startswith("-"):
            taking = item == FROM_GIT
        elif taking and result[-1] != FROM_GIT:
            result.append(FROM_GIT)
        result.append(item)
    return result


def _explained(error: Exception, *, debug: bool) -> int:
    """Say an exception in one line; returns the exit code."""
    if isinstance(error, ReportkitError):
        if debug:
            traceback.print_exception(error)
        return _complain(str(error), FAILED if isinstance(error, RenderError) else BAD_INPUT)
    if isinstance(error, typer.Abort):
        return STOPPED
    if hasattr(error, "format_message"):  # what typer raises for a misspelt command or option
        return _complain(f"{error.format_message()} See `reportkit --help`.", BAD_INPUT)
    if isinstance(error, BrokenPipeError):
        return 0
    return _fault(error, debug=debug)


def _fault(error: Exception, *, debug: bool) -> int:
    """Say that reportkit itself is at fault and where the details are; returns the exit code."""
    if debug:
        traceback.print_exception(error)
        return FAILED
    from reportkit.fetch.secrets import redact

    handle, name = tempfile.mkstemp(prefix="reportkit-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(redact("".join(traceback.format_exception(error))))
    summary = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return _complain(f"this is a fault in reportkit ({summary}); the details are in {name}.", FAILED)


def _complain(message: str, code: int) -> int:
    """Print one line on stderr; returns the exit code."""
    from reportkit.fetch.secrets import redact  # not for --help

    typer.echo("reportkit: " + redact(" ".join(message.split())), err=True)
    return code


def _near(path: Path) -> str:
    """The path as one would type it here: relative where it lies below the current folder."""
    path = path.resolve()
    here = Path.cwd().resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) and path != here else str(path)


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _leave(code: int) -> NoReturn:
    """Exit, quietly also where whoever read our output has gone."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    gc.freeze()  # else Python, as it ends, looks through all that was imported for garbage: a seventh of a second
    sys.exit(code)
