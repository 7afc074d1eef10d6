"""What a claim had to survive: one row a guard, one column a needle, and what each found in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from reportkit.display import Block
from reportkit.model.evidence import Evidence, Guard
from reportkit.model.needle import Needle
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
    """Every guard of each needle with what it found; None where nothing was weighed."""
    rows = [(needle, guard) for evidence, needle in pairs for guard in evidence.guards]
    if not rows:
        return None
    body = Markup("").join(_row(needle, guard) for needle, guard in rows)
    head = Markup("").join(
        Markup('<th scope="col" role="columnheader" class="rk-{}">{}</th>').format(style, label)
        for label, style in (("Needle", "name"), ("Held against", "name"), ("", "verdict"), ("Found", "text"))
    )
    html = Markup(
        "<h3>What a claim had to survive</h3>"
        '<table class="rk-guards" role="table"><thead role="rowgroup"><tr role="row">{}</tr></thead>'
        '<tbody role="rowgroup">{}</tbody></table>'
    ).format(head, body)
    plain = "\n".join(f"{n.label}, {_name(g).lower()}: {PASSED[g.passed][0]}, {g.text}" for n, g in rows)
    return Block("guards", html, f"What a claim had to survive\n{plain}")


def _name(guard: Guard) -> str:
    return NAMES.get(guard.name, guard.name)


def _row(needle: Needle, guard: Guard) -> Markup:
    word, mood = PASSED[guard.passed]
    return Markup(
        '<tr role="row"><th scope="row" role="rowheader" class="rk-name">{}</th>'
        '<td role="cell" class="rk-name" data-label="Held against">{}</td>'
        '<td role="cell" class="rk-verdict rk-{}" data-label="">{}</td>'
        '<td role="cell" class="rk-text" data-label="Found">{}</td></tr>'
    ).format(needle.label, _name(guard), mood, word, stopped(guard.text))
