"""How sound the data of a quarter is: rows read and rejected, how far each table reaches, what is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from reportkit import render
from reportkit.english import pages as words
from reportkit.english.words import entity_name, upper_first
from reportkit.model.period import Window, day_text
from reportkit.model.unit import COUNT, NOTHING
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
    return words.sources(names, MANY)


def _rejected(entity: EntityManifest) -> str:
    """'32 (0.4%)'; '0' where none was."""
    if not entity.rejected_rows:
        return "0"
    return f"{COUNT.number(entity.rejected_rows)} ({100 * entity.rejected_rows / entity.read:.1g}%)"


def _late(entity: EntityManifest, quarter: Window) -> str:
    """How much of the quarter's end a table lacks, '' where it reaches it."""
    days = (quarter.end - entity.window.end).days
    return words.short_of(days) if days > 0 else ""


def _sentences(manifest: Manifest, quarter: Window) -> Iterator[str]:
    entities = list(manifest.entities.values())
    read, rejected = sum(e.read for e in entities), sum(e.rejected_rows for e in entities)
    yield words.made_of(len(entities), read, rejected)
    yield _reach([e for e in entities if e.window.end < quarter.end])
    if warned := sum(len(e.warnings) for e in entities):
        yield words.odd(warned)
    yield from manifest.drift


def _reach(late: Sequence[EntityManifest]) -> str:
    """Whether the tables reach the quarter's end; `late` are those that do not."""
    if not late:
        return words.REACHES
    last = day_text(min(e.window.end for e in late) - timedelta(days=1))
    return words.late([_name(e) for e in late], last)
