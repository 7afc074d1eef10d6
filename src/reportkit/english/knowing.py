"""'How we know' in words: what came in, what was left out, what each number means, by which rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportkit.english.words import entity_count, entity_name, listed, upper_first
from reportkit.model.unit import COUNT, plural

TITLE = "How we know"
CAME, REST, WARNING, FRESHNESS, VERSIONS, HOLIDAYS = (
    "What came in",
    "The rest",
    "Warning",
    "Freshness",
    "Versions",
    "Holidays",
)
COMPUTED = "Computed by"
DORA = {
    "deployments": "DORA's deployments",
    "medians": "DORA's medians",
    "failures": "DORA's failures",
    "recoveries": "DORA's recoveries",
}
HOW = "How an effect is weighed"
BRIEF = (
    "Files, reasons, choices, what each needle means and how an effect is weighed stand at the end of the other reports of this "
    "quarter; every number printed here is in record.json, with the facts and the extract behind it."
)


def came_in(tables: Sequence[str], freshness: str) -> str:
    """What came in, in brief."""
    return f"{upper_first(listed(tables))}. {freshness}"


def choices(n: int) -> str:
    """The name of the line on choices."""
    return "Choices" if n > 1 else "Choice"


def holidays(days: int) -> str:
    """What holidays do to numbers."""
    return (
        f"On {plural(days, 'day')} nobody works. The clock of a duration stops on them where a proof is weighed; "
        "medians of a quarter count them."
    )


def engine(label: str, *, loaded: bool) -> str:
    """What computed the numbers, where it is not reportkit's own engine."""
    how = "in tables loaded from the frozen extract, named by its hash" if loaded else "on the frozen extract"
    return f"{label}, {how}."


def linked_otherwise(label: str) -> str:
    """The name of the line on other linking rules."""
    return f"{label}, linked otherwise"


def elsewhere(label: str) -> str:
    """The name of the line on a survey's bands."""
    return f"{label}, elsewhere"


def bands(text: str) -> str:
    """A survey's bands as context."""
    return f"{text}. Groups that a survey found; no goal."


KINDS = {"Duration": "a duration", "Rate": "a rate", "Share": "a share", "Ratio": "a ratio", "Stock": "a stock"}


def how_weighed(kind: str) -> str:
    """'How a duration is weighed'."""
    return f"How {KINDS[kind]} is weighed"


def behind(n: int, facts: tuple[str, str], when: str, *, stock: bool, still: int) -> str:
    """'n = 504 deployments in Q3 2026, and 12 still open.': the facts behind a quarter's number."""
    at = f"open at the end of {when}" if stock else f"in {when}"
    told = f"n = {plural(n, *facts)} {at}" if n else f"No facts {at}"
    return f"{told}, and {COUNT.number(still)} still open." if still else f"{told}."


def fresh(taken: str, ends: Sequence[tuple[str, str]]) -> str:
    """When the extract was taken, and which tables do not reach the quarter's end, with their last days."""
    if not ends:
        return f"Taken on {taken}; every table reaches the quarter's end."
    told = listed([f"{entity_name(entity)} end on {day}" for entity, day in ends])
    return f"Taken on {taken}; {told}: what they lack of the quarter is a gap, never a zero."


def versions(now: str, quarter: str, then: str, mapping: str) -> str:
    """What the report and its extract were made with."""
    mapped = f", mapping {mapping}" if mapping else ""
    return f"reportkit {now}; extract of {quarter} taken with reportkit {then}{mapped}."


def briefly(entity: str, accepted: int, aside: int | None, broken: int) -> str:
    """'8 185 changes (403 rows set aside, 32 rejected)'; `aside` is None where no rule sets any aside."""
    left = [] if aside is None else [f"{plural(aside, 'row')} set aside"]
    left += [f"{plural(broken, 'row') if aside is None else COUNT.number(broken)} rejected"] if broken else []
    told = entity_count(accepted, entity)
    return f"{told} ({', '.join(left)})" if left else told


def origin(what: str, sha: str) -> str:
    """A file with its hash."""
    return f"{what} (SHA-256 {sha})"


def table(facts: str, aside: Mapping[str, int], rejected: Mapping[str, int], broken: int, backwards: int) -> str:
    """What is known of a table: its facts, and rows set aside and rejected by reason."""
    left = [f"{plural(n, 'row')} set aside as {name.replace('_', ' ')}" for name, n in aside.items()]
    reasons = ", ".join(f"{reason}: {COUNT.number(n)}" for reason, n in rejected.items())
    left += [f"{plural(broken, 'row')} rejected ({reasons})"] if broken else []
    odd = f"{plural(backwards, 'fact')} with times that run backwards kept, without the spans that do"
    left += [odd] if backwards else []
    return "; ".join([facts, *left]) + "."


def facts_from(accepted: int, origins: Sequence[str], window: str) -> str:
    """'8 185 facts from pulls.json (SHA-256 …), 1 Oct 2024 – 30 Sep 2026'."""
    return f"{plural(accepted, 'fact')} from {listed(origins)}, {window}"


def definition(question: str, rule: str, source: str) -> str:
    """What a needle means; `source` is '' where reportkit defines it."""
    return f"{question} {rule}{f' Definition: {source}.' if source else ''}"
