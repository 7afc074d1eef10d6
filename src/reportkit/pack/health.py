"""How sound the data of a quarter is: rows read and rejected, how far each table reaches, what is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from reportkit import render
from reportkit.model.period import Window, day_text
from reportkit.model.unit import COUNT, NOTHING, plural
from reportkit.narrative.words import entity_name, listed, upper_first
from reportkit.snapshot import EntityManifest, Manifest

MANY = 4  # more sources than this are counted, not named


def health(manifest: Manifest, quarter: Window) -> render.Health:
    """The extract's tables, one row each, and what a reader has to know of all of them, in sentences."""
    tables = tuple(_table(entity, quarter) for entity in manifest.entities.values())
    return render.Health(tables, tuple(_sentences(manifest, quarter)))


def _table(entity: EntityManifest, quarter: Window) -> render.Table:
    return render.Table(
        name=_name(entity),
        sources=_sources(entity),
        read=COUNT.number(entity.read),
        rejected=_rejected(entity),
        aside=COUNT.number(sum(entity.set_aside.values())) if entity.set_aside else NOTHING,
        covers=entity.window.label,
        late=_late(entity, quarter),
        warnings=tuple(entity.warnings),
    )


def _name(entity: EntityManifest) -> str:
    return upper_first(entity_name(entity.entity))


def _sources(entity: EntityManifest) -> str:
    names = [origin.what for origin in entity.origins]
    return listed(names) if len(names) <= MANY else plural(len(names), "source")


def _rejected(entity: EntityManifest) -> str:
    """'32 (0.4%)'; '0' where none was."""
    if not entity.rejected_rows:
        return "0"
    return f"{COUNT.number(entity.rejected_rows)} ({100 * entity.rejected_rows / entity.read:.1g}%)"


def _late(entity: EntityManifest, quarter: Window) -> str:
    """How much of the quarter's end a table lacks, '' where it reaches it."""
    days = (quarter.end - entity.window.end).days
    return f"{plural(days, 'day')} short of the quarter's end" if days > 0 else ""


def _sentences(manifest: Manifest, quarter: Window) -> Iterator[str]:
    entities = list(manifest.entities.values())
    read, rejected = sum(e.read for e in entities), sum(e.rejected_rows for e in entities)
    share = f" ({100 * rejected / read:.1g}%)" if rejected else ""
    none = (
        "none was rejected"
        if not rejected
        else f"{COUNT.number(rejected)}{share} {'was' if rejected == 1 else 'were'} rejected, with their reasons"
    )
    yield f"{plural(len(entities), 'table')} of facts {'was' if len(entities) == 1 else 'were'} made from {plural(read, 'row')}; {none}."
    yield _reach([e for e in entities if e.window.end < quarter.end])
    if warned := sum(len(e.warnings) for e in entities):
        yield f"{plural(warned, 'thing is', 'things are')} odd about them; see below."
    yield from manifest.drift


def _reach(late: Sequence[EntityManifest]) -> str:
    """Whether the tables reach the quarter's end; `late` are those that do not."""
    if not late:
        return "Each of them reaches the quarter's end."
    names, verb = listed([_name(e) for e in late]), "does" if len(late) == 1 else "do"
    last = day_text(min(e.window.end for e in late) - timedelta(days=1))
    return f"{names} {verb} not reach the quarter's end ({last} is the first last day): what they lack is a gap, never a zero."
