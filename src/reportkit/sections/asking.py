"""Who else had the problem, and what is asked of the reader."""

from __future__ import annotations

import hashlib

from markupsafe import Markup

from reportkit.display import Block, Page
from reportkit.english import headings
from reportkit.model.params import Audience, Citation
from reportkit.model.shown import Shown
from reportkit.sections.parts import NOTHING
from reportkit.sections.referred import Asked


def who_else(audience: Audience) -> Page:
    """Claims of others with their sources, apart from our own numbers."""
    if not audience.external_proof:
        return NOTHING
    items = Markup("").join(
        Markup("<li>{}{} <cite>{}, {}</cite></li>").format(
            Markup("<strong>{}</strong> ").format(c.number) if c.number else "", c.claim, c.source, c.year
        )
        for c in audience.external_proof
    )
    plain = "\n".join(f"{c.claim} ({c.source}, {c.year})" for c in audience.external_proof)
    html = Markup("<h2>{}</h2><ul>{}</ul>").format(headings.WHO_ELSE, items)
    return Page((Block("who", html, plain, tuple(map(_elsewhere, audience.external_proof))),))


def _elsewhere(claim: Citation) -> Shown:
    """A claim of others as it is recorded: its words, for its number is not ours."""
    text = f"{claim.number or ''} {claim.claim}".strip()
    return Shown(
        f"elsewhere.{hashlib.sha256(text.encode()).hexdigest()[:8]}", f"{text} ({claim.source}, {claim.year})", None
    )


def ask(asked: Asked | None) -> Page:
    """The ask, and what would make us stop."""
    if asked is None:
        return NOTHING
    stop = Markup("<p>{}</p>").format(asked.stop) if asked.stop else ""
    text = headings.asked(asked.text)
    html = Markup('<p class="rk-ask-for"><strong>{}</strong></p>{}').format(text, stop)
    return Page((Block("ask", html, f"{text}\n{asked.stop or ''}".strip(), asked.record),))
