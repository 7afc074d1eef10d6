"""What stands around a report: the quarter's index, links, the foot, and how sound the data is."""

from __future__ import annotations

from collections.abc import Sequence

from reportkit.english.words import listed, upper_first
from reportkit.model.unit import COUNT, SHARE, plural

SKIP_REPORT, SKIP_REPORTS = "Skip to the report", "Skip to the reports"
ALL_REPORTS = "All reports"
ON_SCREEN, PDF = "Read on screen", "PDF"
SOUND, RECORD = "How sound the data is", "Every number that is printed, with its needle, window and interval (JSON)"
SHOWN = "What the proofs of concept are shown to have done, over all reports:"
FACTS, READ, REJECTED, ASIDE, COVERS = "Facts", "Rows read", "Rejected", "Set aside by a rule", "Covers"
REACHES = "Each of them reaches the quarter's end."


def report(name: str, quarter: str) -> str:
    """The index's heading."""
    return f"{name}, {quarter}"


def lede(reports: int) -> str:
    """What the index leads to."""
    return (
        f"{reports} {'report' if reports == 1 else 'reports'}, one for each reader: the answer first, then how we know."
    )


def read_on_screen(audience: str) -> str:
    """A link to a page, for those who hear it."""
    return f"{audience}: read on screen"


def as_pdf(audience: str) -> str:
    """A link to a PDF, for those who hear it."""
    return f"{audience}: PDF"


def sources(names: Sequence[str], most: int) -> str:
    """Where a table comes from: names, or how many."""
    return listed(names) if len(names) <= most else plural(len(names), "source")


def short_of(days: int) -> str:
    """How much of the quarter's end a table lacks."""
    return f"{plural(days, 'day')} short of the quarter's end"


def made_of(tables: int, read: int, rejected: int) -> str:
    """How many tables were made from how many rows."""
    share = f" ({SHARE.text(rejected / read)})" if rejected else ""
    none = (
        "none was rejected"
        if not rejected
        else f"{COUNT.number(rejected)}{share} {'was' if rejected == 1 else 'were'} rejected, with their reasons"
    )
    return f"{plural(tables, 'table')} of facts {'was' if tables == 1 else 'were'} made from {plural(read, 'row')}; {none}."


def odd(things: int) -> str:
    """That tables have warnings."""
    return f"{plural(things, 'thing is', 'things are')} odd about them; see below."


def late(names: Sequence[str], last: str) -> str:
    """Which tables do not reach the quarter's end."""
    verb = "does" if len(names) == 1 else "do"
    return f"{listed(names)} {verb} not reach the quarter's end ({last} is the first last day): what they lack is a gap, never a zero."


# ---- groups without a report -----------------------------------------------------------------------------------------


def no_report(title: str, names: Sequence[str], by: str, most: int) -> str:
    """'Team leads: basket and till get no report of their own': names, or how many where they are more than `most`."""
    whose = listed(names) if len(names) <= most else plural(len(names), by)
    verb, own = ("gets", "its own") if len(names) == 1 else ("get", "their own")
    return f"{title}: {whose} {verb} no report of {own}"


def unsized(why: str) -> str:
    """Why: where nobody can tell how large a group is."""
    return f"for nobody can tell how many people stand behind it. {upper_first(why)}"


def too_small(least: int, label: str) -> str:
    """Why: where too few people stand behind a needle."""
    people = plural(least, "person", "people")
    return f"for fewer than {people} (facts, where nobody knows the people) stand behind {label} there."
