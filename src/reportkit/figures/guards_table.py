"""What a claim had to survive: a row a guard, by needle, and what each found in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from reportkit.display import Block
from reportkit.model.evidence import Evidence, Guard
from reportkit.model.needle import Needle
from reportkit.narrative.amounts import excludes
from reportkit.narrative.words import stopped

NAMES = {
    "pre-trend": "A trend under way",
    "timing": "The last weeks before the start",
    "placebo": "A placebo date",
    "selection": "How the teams were picked",
    "few teams": "Other choices of teams",
    "definition": "What is counted",
    "history": "Earlier dates",
}
PASSED = {True: ("passed", "good"), False: ("failed", "bad"), None: ("not run", "neutral")}


def guards_table(pairs: Sequence[tuple[Evidence, Needle]]) -> Block | None:
    """The guards of each needle whose interval leaves out no change; None where there is none.

    Where the interval includes it there is no claim that could survive anything.
    """
    chosen = [(e, n) for e, n in pairs if e.sampled is not None and excludes(e.sampled, e.scale) and e.guards]
    if not chosen:
        return None
    body = Markup("").join(_rows(needle, evidence.guards) for evidence, needle in chosen)
    head = Markup("").join(
        Markup('<th scope="col" role="columnheader" class="rk-{}">{}</th>').format(style, label)
        for style, label in (("name", "Needle"), ("text", "Held against"), ("verdict", "Result"), ("text", "Found"))
    )
    html = Markup(
        "<h3>What a claim had to survive</h3>"
        '<table class="rk-guards" role="table"><thead role="rowgroup"><tr role="row">{}</tr></thead>{}</table>'
    ).format(head, body)
    plain = "\n".join(
        f"{n.label}, {_name(g).lower()}: {PASSED[g.passed][0]}, {g.text}" for e, n in chosen for g in e.guards
    )
    return Block("guards", html, f"What a claim had to survive\n{plain}")


def _name(guard: Guard) -> str:
    return NAMES.get(guard.name, guard.name)


def _rows(needle: Needle, guards: Sequence[Guard]) -> Markup:
    """The rows of one needle, its name once beside them."""
    first = Markup('<th scope="rowgroup" role="rowheader" class="rk-name" rowspan="{}">{}</th>')
    rows = [
        Markup(
            '<tr role="row">{}<td role="cell" class="rk-text" data-label="Held against">{}</td>'
            '<td role="cell" data-label="Result"><span class="rk-verdict rk-{}">{}</span></td>'
            '<td role="cell" class="rk-text" data-label="Found">{}</td></tr>'
        ).format(
            first.format(len(guards), needle.label) if i == 0 else "",
            _name(guard),
            PASSED[guard.passed][1],
            PASSED[guard.passed][0],
            stopped(guard.text),
        )
        for i, guard in enumerate(guards)
    ]
    return Markup('<tbody role="rowgroup">{}</tbody>').format(Markup("").join(rows))
