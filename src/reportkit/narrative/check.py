"""Reading the narrative: what a text says that the evidence does not carry, or in an order that a reader will not follow.

Each rule takes a text and gives its findings; none of them opens a file. Rules are waived by their names in `audiences.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from reportkit.english.words import listed
from reportkit.model.evidence import Verdict
from reportkit.model.params import Waivable

Kind = Literal["problem", "ask", "text"]
Way = Literal["fell", "rose", "good", "bad"]

MOST_SUPPORTING = 7


@dataclass(frozen=True)
class Finding:
    """One thing that a text should not say, with the mend."""

    rule: Waivable
    text: str


@dataclass(frozen=True)
class Claim:
    """What the evidence carries of a needle: whether it may be said to have moved, and which way."""

    label: str
    verdict: str = ""
    fell: bool | None = None  # None: no effect may be told
    better: Literal["lower", "higher"] = "lower"

    def carries(self, way: Way) -> bool:
        """Whether 'fell', 'rose', 'improved' or 'got worse' may be said of it."""
        if self.fell is None or self.verdict not in (Verdict.MOVED.value, Verdict.GOT_WORSE.value):
            return False
        if way in ("fell", "rose"):
            return self.fell == (way == "fell")
        return (self.verdict == Verdict.MOVED.value) == (way == "good")


@dataclass(frozen=True)
class Ground:
    """What a text is read against: needles by key with what is claimed of them, numbers that were declared, our solutions."""

    claims: Mapping[str, Claim] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()  # '6 days', '30%': targets and margins as they are printed
    solutions: tuple[str, ...] = ()  # names of proofs, and what was tried
    judged: bool = True  # whether anything is known of the evidence yet


# ---- numbers ---------------------------------------------------------------------------------------------------------

REFERENCE = re.compile(r"\{[a-z][a-z0-9_.]*\}")
UNSAID = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)|https?://\S+|^\s*(?:\d+\.|#+)\s", re.DOTALL | re.MULTILINE)
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
DATES = re.compile(
    rf"\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:{MONTHS})\b(?: \d{{4}})?|\b(?:{MONTHS}) \d{{1,2}}\b|\bQ[1-4]\b(?: \d{{4}})?"
    r"|\b(?:19|20)\d{2}\b|\b\d{1,2}:\d{2}\b|\b\d+(?:st|nd|rd|th)\b"
)
NAMES = re.compile(
    r"\b[A-Za-z][\w-]*\d[\w.-]*|\bv\d[\w.]*|\b(?:ISO|RFC|CVE|version|release) ?\d[\w.:-]*|\b[A-Z][a-z]+ \d+\.\d[\d.]*"
)
SPANS = re.compile(
    r"\b(?:for|over|next|last|past|another|every|after|within) (?:the (?:next|last) )?\d+ (?:weeks?|months?|quarters?|years?)\b",
    re.IGNORECASE,
)
UNIT = r"(?: ?(?:%|×|x\b)| (?:per ?cent|percent|points?|times|seconds?|minutes?|hours?|days?|weeks?|months?|a (?:day|week|month|quarter)))"
MEASURED = re.compile(rf"[£$€]?\b\d[\d.,]*[km]?{UNIT}", re.IGNORECASE)
ANY = re.compile(rf"[£$€]?\b\d[\d.,]*(?:[km]\b)?(?:{UNIT})?", re.IGNORECASE)


def bare_numbers(text: str, kind: Kind, ground: Ground) -> Iterator[Finding]:
    """A finding for each number that is typed instead of referred to.

    In an ask only what is measured counts ('6 days', '30%'), for one may ask for two engineers. Dates, names, spans of time
    and numbers that were declared (targets, margins) are no finding.
    """
    bare = text
    for pattern in (UNSAID, REFERENCE, DATES, NAMES, SPANS):
        bare = pattern.sub(" ", bare)
    for found in (MEASURED if kind == "ask" else ANY).finditer(bare):
        number = found[0].strip().rstrip(".,")
        if _same(number) not in {_same(known) for known in ground.declared}:
            yield Finding(
                "bare_number", f"{number!r} is typed, so nothing keeps it true; refer to it, such as {_example(ground)}"
            )


def _same(number: str) -> str:
    return re.sub(r"\s|\.0\b", "", number.lower().replace("per cent", "%").replace("percent", "%"))


def _example(ground: Ground) -> str:
    return f"{{{next(iter(ground.claims), 'lead_time_for_changes')}.after}}"


# ---- directions ------------------------------------------------------------------------------------------------------

WAYS: Mapping[Way, str] = {
    "fell": r"fell|fallen|dropp?ed|decreased|reduced|halved|shrank|shorter|fewer|lower(?:ed)?|declined|(?:was|were|is|are) cut|we cut|has cut",
    "rose": r"rose|risen|grew|grown|increased|doubled|tripled|longer|higher|raised|climbed",
    "good": r"faster|quicker|improved?|improves|better|sped up|accelerated?|safer|cheaper|saved|easier|smoother",
    "bad": r"slower|worse|worsened|deteriorated|degraded",
}
OPEN = re.compile(
    r"\b(?:if|unless|until|when|whether|will|would|could|should|may|might|want|aim|hope|to be|bet|target|promise|not shown|no change)\b",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*[-*] )")


def directions(text: str, ground: Ground) -> Iterator[Finding]:
    """A finding for each sentence that says something moved where the evidence of the needle it names does not.

    A sentence that names no needle needs one that moved that way at all. What is only supposed, asked or promised is none.
    """
    if not ground.judged:
        return
    for sentence in SENTENCE.split(UNSAID.sub(" ", text)):
        if OPEN.search(sentence):
            continue
        named = [claim for key, claim in ground.claims.items() if _names(sentence, key, claim)]
        for way, words in WAYS.items():
            found = re.search(rf"\b(?:{words})\b", sentence, re.IGNORECASE)
            if found and not any(claim.carries(way) for claim in (named or ground.claims.values())):
                yield Finding("direction", f"{found[0]!r} is more than the evidence carries: {_known(named)}")


def _names(sentence: str, key: str, claim: Claim) -> bool:
    return re.search(rf"\{{[a-z0-9_.]*\b{key}\.", sentence) is not None or claim.label.lower() in sentence.lower()


def _known(named: Iterable[Claim]) -> str:
    told = [f"{claim.label} is {claim.verdict or 'in no proof'}" for claim in named]
    return (
        f"{listed(told)}; say what it was and is, or leave it out"
        if told
        else "no needle of this report moved that way; leave it out"
    )


# ---- order and number of things --------------------------------------------------------------------------------------

DONE = r"(?:rolled out|built|launched|shipped|introduced|adopted|migrated|deployed|implemented|installed|set up|delivered|added|released|upgraded|automated)"
OURS = re.compile(
    rf"\b(?:we|our team|the platform team|the platform)(?: have| has)? {DONE}\b|\bour (?:new )?(?:platform|portal|tool|pipeline)\b",
    re.IGNORECASE,
)
TOOLS = re.compile(
    r"\b(?:Backstage|Kubernetes|Terraform|Argo ?CD|Jenkins|Istio|Helm|Docker|GitHub Actions|GitLab CI|Crossplane|Pulumi|Ansible|Vault|"
    r"Datadog|Grafana|OpenTelemetry|Tekton|Spinnaker|Kafka|OpenShift|Copilot)\b"
)  # fmt: skip
MANY_TOOLS, MANY_THINGS = 3, 4


def solution_first(text: str, ground: Ground) -> Iterator[Finding]:
    """A finding where a text that should tell of the reader's problem tells of our solution."""
    named = [name for name in ground.solutions if len(name) > 3 and name.lower() in text.lower()]
    found = [match[0] for pattern in (OURS, TOOLS) if (match := pattern.search(text))]
    for what in dict.fromkeys([*found, *named][:1]):
        yield Finding(
            "solution_first",
            f"{what!r} is our solution, and the reader has not been told their problem yet; begin with that",
        )


def feature_dumps(text: str) -> Iterator[Finding]:
    """A finding where a text lists what was built: four things or more after 'we shipped', or three tools."""
    tools = list(dict.fromkeys(match[0] for match in TOOLS.finditer(text)))
    lists = [s for s in SENTENCE.split(text) if _things(s) >= MANY_THINGS]
    items = [
        line
        for line in text.splitlines()
        if re.match(r"\s*[-*] ", line) and re.search(rf"\b{DONE}\b", line, re.IGNORECASE)
    ]
    if len(tools) >= MANY_TOOLS or lists or len(items) >= MANY_THINGS:
        what = listed(tools[:MANY_TOOLS]) if len(tools) >= MANY_TOOLS else "what was built"
        yield Finding("feature_dump", f"this lists {what}; tell the one number that it moved for this reader instead")


def _things(sentence: str) -> int:
    """How many things are listed after the first word for making something."""
    made = re.search(rf"\b{DONE}\b(.*)", sentence, re.IGNORECASE | re.DOTALL)
    return len(re.split(r",? and |, ", made[1])) if made else 0


def read(text: str, kind: Kind, ground: Ground, *, early: bool = False) -> list[Finding]:
    """Every finding of a text. `early`: it stands before the reader's problem, or is that problem."""
    found = [*bare_numbers(text, kind, ground), *feature_dumps(text)]
    if kind != "problem":  # a reader may say of their own trouble what they feel
        found += directions(text, ground)
    return [*found, *solution_first(text, ground)] if early else found


def ask_without_bet(needle: str | None, bets: int) -> Iterator[Finding]:
    """A finding where nothing is wagered on what is asked for."""
    if needle is None:
        yield Finding(
            "ask_without_bet",
            "nothing is bet on what is asked for; name the `needle` that it is to move, and bet on it in needles.yaml",
        )
    elif not bets:
        yield Finding(
            "ask_without_bet",
            f"nothing is bet on {needle}; write its `bet` with target and deadline in needles.yaml, before asking",
        )


def too_many(supporting: int) -> Iterator[Finding]:
    """A finding for more supporting needles than a reader can hold in mind."""
    if supporting > MOST_SUPPORTING:
        yield Finding(
            "too_many_needles",
            f"{supporting} supporting needles, {MOST_SUPPORTING} at most; keep those that the reader would act on",
        )
