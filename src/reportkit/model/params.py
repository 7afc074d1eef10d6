"""What `params/*.yaml` may say, as frozen models; an unknown key is refused.

Field descriptions end up in the JSON Schemas that complete the YAML in an editor.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    field_validator,
    model_validator,
)

from reportkit.model.bands import BANDS
from reportkit.model.engine import Engine, EngineParams
from reportkit.model.period import Window
from reportkit.model.rules import DoraRules, KeyEvent, Rules

MOST_WEEKS = 520  # ten years
YEARS = (1980, 2200)
RESERVED = frozenset({"index", "record", "failed"})  # files and folders that lie beside the reports of a quarter
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Params(BaseModel):
    """Base of every params model: frozen, unknown keys refused.

    What checks it is made when it is first needed: a notebook is given params that were checked, and checks none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Dora(Params):
    """How DORA's five are counted; every choice is printed in 'How we know'."""

    environments: tuple[str, ...] = Field(("production",), min_length=1, description="Deployments to these count.")
    results: tuple[Literal["success", "failure", "cancelled"], ...] = Field(
        ("success",), min_length=1, description="Deployments that ended like this count."
    )
    link: Literal["latest", "stated"] = Field(
        "latest",
        description="An incident belongs to the deployment that its source names; where it names none, 'latest' takes the "
        "latest one before it.",
    )
    link_within: Literal["service", "organisation"] = Field(
        "service", description="Whether that deployment must be of the incident's own service."
    )
    cap_hours: float | None = Field(None, gt=0, description="How long before the incident it may lie at most.")
    relapse_hours: float = Field(
        24, ge=0, le=720,
        description="A deployment fails once, however many incidents it causes: one that begins within so many hours after the "
        "others were resolved is a relapse, and part of that failure.",
    )  # fmt: skip
    median: Literal["finished", "censored"] = Field(
        "finished", description="The median of what is finished, as DORA has it, or with what is open as unfinished."
    )
    bands: int | None = Field(None, description="Year of a DORA report whose performance bands are told as context.")

    @field_validator("bands")
    @classmethod
    def _known_year(cls, value: int | None) -> int | None:
        if value is not None and value not in BANDS:
            listed = ", ".join(str(year) for year in sorted(BANDS))
            raise ValueError(f"no bands of {value} are known; write one of {listed}")
        return value

    @property
    def rules(self) -> DoraRules:
        """The same as a value without YAML."""
        return DoraRules(**self.model_dump(exclude={"bands"}))


class Amount(Params):
    """An assumption: what is likely, its range, and why."""

    likely: float
    low: float | None = Field(None, description="How low it may be; the likely value where not given.")
    high: float | None = Field(None, description="How high it may be; the likely value where not given.")
    because: str = Field(description="One sentence for the reader: where it comes from.")

    @model_validator(mode="after")
    def _in_order(self) -> Amount:
        if not self.ends[0] <= self.likely <= self.ends[1]:
            raise ValueError(
                f"{self.likely:g} does not lie between low and high ({self.ends[0]:g} to {self.ends[1]:g}); mend one of them"
            )
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """Low and high."""
        return (
            self.likely if self.low is None else self.low,
            self.likely if self.high is None else self.high,
        )


class Worth(Params):
    """What one unit of a needle is worth: of a duration, one unit less for one fact; else one more or fewer."""

    hours: Amount | None = Field(None, description="Working hours of an engineer.")
    money: Amount | None = Field(None, description="Or money, in the organisation's currency.")
    volume: Amount | None = Field(
        None, description="Facts a week it applies to; those that were measured where not given."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Worth:
        if (self.hours is None) == (self.money is None):
            raise ValueError("give what a unit is worth in hours or in money, one of the two")
        return self


class ProofCost(Params):
    """What a proof cost, all of it: once, and for each week since it started."""

    once: Amount
    a_week: Amount | None = None


class Money(Params):
    """The assumptions by which evidence becomes money; each is printed beside the answer."""

    engineer_year: Amount = Field(description="What an engineer costs a year, all in.")
    hours_year: Amount = Field(description="The hours that an engineer works a year.")
    weeks: Amount | None = Field(
        None, description="For how many weeks the effect is counted; the weeks measured where not given."
    )
    worth: dict[Key, Worth] = Field(default_factory=dict, description="Needle: what one unit of it is worth.")
    proofs: dict[Key, ProofCost] = Field(default_factory=dict, description="Proof: what it cost.")


class Organisation(Params):
    """params/organisation.yaml: who this is, and the ground rules of every number."""

    name: str = Field(description="The organisation's name, on every page.")
    platform: str = Field("The platform team", description="What the platform team calls itself.")
    report: str = Field("Platform value report", description="What the pack is called, in the running head.")
    notice: str | None = Field(None, description="A sentence printed on every page, such as 'Northwind is invented.'")
    time_zone: str = Field("UTC", description="IANA time zone in which days, weeks and quarters begin.")
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")
    fiscal_year_starts: Literal[
        "january", "february", "march", "april", "may", "june",
        "july", "august", "september", "october", "november", "december",
    ] = "january"  # fmt: skip
    engine: EngineParams = Field(
        default_factory=Engine, description="The engine that computes needles; DuckDB where not given."
    )
    page: Literal["A4", "Letter"] = "A4"
    language: str = Field("en", description="BCP 47 language of the reports.")
    holidays: tuple[date, ...] = Field((), description="Dates on which nobody works; the clock of a Duration stops.")
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Currency: what one unit of it is worth in the organisation's own."
    )
    smallest_group: int = Field(
        5, ge=1, description="Groups of fewer people (or facts, where nobody knows the people) are shown as 'other'."
    )
    dora: Dora = Field(default_factory=Dora)
    money: Money | None = Field(None, description="What evidence is worth; no return is told of where not given.")
    rejected_at_most: float = Field(
        0.01, ge=0, le=1, description="Share of rows that may break a contract before an extract stops."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no IANA time zone; write one such as Europe/London or UTC")
        return value

    def rules(self, key_events: Iterable[KeyEventParams] = ()) -> Rules:
        """What a measurement has to know beside the facts."""
        events = tuple(KeyEvent(one.name, one.start, one.end) for one in key_events)
        return Rules(self.currency, self.rates, self.dora.rules, self.smallest_group, events)

    @property
    def first_month(self) -> int:
        """Month number in which the fiscal year starts."""
        names = ("january", "february", "march", "april", "may", "june", "july",
                 "august", "september", "october", "november", "december")  # fmt: skip
        return names.index(self.fiscal_year_starts) + 1

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.time_zone)


class Choice(Params):
    """A decision that changes numbers; it is printed in 'How we know'. SQL refers to it as `$name`."""

    value: bool | int | float | str
    because: str = Field(description="One sentence for the reader: what was decided and why.")


class Column(Params):
    """How one column of an entity is made from a source: an SQL expression, and how to read a time."""

    sql: str = Field(description="SQL expression over the source's columns.")
    format: str | None = Field(None, description="strptime format of the text, such as '%d/%m/%Y %H:%M'.")
    time_zone: str | None = Field(None, description="Zone of times that carry none.")


def _column(value: Any) -> Any:
    return {"sql": value} if isinstance(value, str) else value


class SourceChange(Params):
    """A day on which what a source counts changed: a proof whose weeks hold it makes no claim, unless it is harmless."""

    what: str = Field(description="A clause: 'Jira was moved to another server'.")
    harmless: str | None = Field(None, description="Why the numbers before and after are still alike, in one sentence.")


def _source_change(value: Any) -> Any:
    return {"what": value} if isinstance(value, str) else value


class EntityMapping(Params):
    """How the facts of one entity are made from sources."""

    source: Key | None = Field(None, description="The source that the columns are taken from.")
    query: str | None = Field(None, description="Or a whole SQL SELECT over the sources by name.")
    where: str | None = Field(None, description="SQL condition: which source rows are facts of this entity at all.")
    set_aside: dict[Key, str] = Field(
        default_factory=dict, description="Named SQL conditions: rows left out by a rule (bots …), counted and printed."
    )
    columns: dict[Key, Annotated[Column, BeforeValidator(_column)]] = Field(
        default_factory=dict, description="Entity column: SQL expression. Columns with FOCUS's own names need none."
    )
    out_of_order: Literal["reject", "keep"] = Field(
        "reject", description="Rows whose times run backwards: reject them, or keep them without the spans that do."
    )
    covers: tuple[date, date] | None = Field(
        None,
        description="First day and the day after the last that the source covers; the facts' own span where not given.",
    )
    changed: dict[date, Annotated[SourceChange, BeforeValidator(_source_change)]] = Field(
        default_factory=dict, description="Day: what changed in what the source counts, such as a new tool or rule."
    )

    @field_validator("source", mode="before")
    @classmethod
    def _one_source(cls, value: Any) -> Any:
        if isinstance(value, list):
            raise ValueError(  # noqa: TRY004  (pydantic tells a ValueError with file and line)
                "an entity names one source. Several organisations, groups or projects of one system go into the settings of one "
                "source; two sites, or two systems, are joined by a `query` over their tables with `columns`: SELECT * FROM "
                "a_issues UNION ALL BY NAME SELECT * FROM b_issues"
            )
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> EntityMapping:
        if (self.source is None) == (self.query is None):
            raise ValueError("name either a source or a query, one of the two")
        return self


QUARTER_ENDS = "quarter_ends"  # what SQL in sources.yaml calls the instant at which the quarter ends: $quarter_ends


class Sources(Params):
    """params/sources.yaml: which source feeds which entity."""

    choices: dict[Key, Choice] = Field(
        default_factory=dict, description="Named values for SQL ($name), printed with their reasons in 'How we know'."
    )
    sources: dict[Key, dict[str, Any]] = Field(description="Name: type and the type's own settings.")
    entities: dict[Key, EntityMapping]
    _written: Any = PrivateAttr(None)

    def model_post_init(self, context: Any) -> None:
        """Keep what the file said before its ${VARIABLES} were filled in."""
        self._written = (context or {}).get("written")

    @field_validator("choices")
    @classmethod
    def _own_word(cls, value: dict[str, Choice]) -> dict[str, Choice]:
        if QUARTER_ENDS in value:
            raise ValueError(f"${QUARTER_ENDS} is the instant at which the quarter ends; give the choice another name")
        return value

    @property
    def written(self) -> Any:
        """What identifies the mapping: the YAML as it is written, so that a variable's value makes it no other one."""
        return self._written if self._written is not None else self.model_dump(mode="json")


class Citation(Params):
    """How others fared with the same problem: never mixed with our own numbers."""

    claim: str
    source: str
    year: int
    number: str | None = None
    url: str | None = None


class Ask(Params):
    """What the report asks its reader for, and when we would stop."""

    text: str = Field(description="'funding to bring the next 12 teams onto the path in Q4'")
    stop: str | None = Field(None, description="What would make us stop, in one sentence.")
    needle: Key | None = Field(None, description="The needle whose bet the ask rests on.")


class UseCase(Params):
    """One key business use case, its components, and the needles that each of them hangs on."""

    name: str = Field(description="'Selling online'")
    components: dict[str, tuple[Key, ...]] = Field(
        min_length=1, description="Component: needles of this audience, such as 'Checkout: [lead_time_for_changes]'."
    )


Waivable = Literal["bare_number", "direction", "solution_first", "feature_dump", "ask_without_bet", "too_many_needles"]


class Audience(Params):
    """One entry of params/audiences.yaml: who reads, and what troubles them."""

    title: str = Field(description="'Executives'")
    problem: str = Field(description="Their problem in their own words, without our solution.")
    quantified_by: Key = Field(description="The needle that puts a number on the problem.")
    primary: Key
    supporting: tuple[Key, ...] = ()
    guardrails: tuple[Key, ...] = ()
    proofs: tuple[Key, ...] = Field(
        (),
        description="Which of the quarter's proofs this reader is told of, the leading one first; all where not given.",
    )
    external_proof: tuple[Citation, ...] = ()
    ask: Ask | None = None
    use_case: UseCase | None = Field(None, description="The key business use case that the needles hang on.")
    waive: dict[Waivable, str] = Field(
        default_factory=dict,
        description="Findings of the narrative check that are let pass here, by name, each with its reason.",
    )
    notebook: str | None = Field(None, description="File in notebooks/; the audience's own name where not given.")

    @field_validator("notebook")
    @classmethod
    def _file_name(cls, value: str | None) -> str | None:
        if value is not None and (set(value) & set("/\\") or not value.endswith(".ipynb")):
            raise ValueError(f"{value!r} is no name of a file in notebooks/; write one such as executives.ipynb")
        return value

    @field_validator("primary", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        if isinstance(value, list):
            raise ValueError("a report has one primary needle; keep the one that the reader would name first")  # noqa: TRY004
        return value

    @model_validator(mode="after")
    def _owned(self) -> Audience:
        named = [key for keys in (self.use_case.components.values() if self.use_case else ()) for key in keys]
        if strange := [key for key in named if key not in self.needles]:
            raise ValueError(
                f"use_case names {strange[0]}, which is neither primary nor supporting nor a guardrail; add it there or take it out"
            )
        return self

    @property
    def needles(self) -> tuple[str, ...]:
        """Primary, supporting and guardrails, in that order, each once."""
        return tuple(dict.fromkeys((self.primary, *self.supporting, *self.guardrails)))


class Bet(Params):
    """A direction and target written down before the window opens."""

    target: float = Field(description="In the needle's own unit; a share as 0.95 or 95.")
    deadline: date = Field(description="The day by which; judged by the quarter that holds it.")
    direction: Literal["lower", "higher"] | None = Field(
        None, description="Which way it is to move; the needle's own good direction where not given."
    )
    written: date | None = Field(None, description="The day it was written; git's word counts where git knows.")
    opens: date | None = Field(
        None,
        description="The day from which the needle may move for it; the start of the first proof on the needle or of the next "
        "quarter after it was written where not given.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Bet:
        if self.written and self.written > self.deadline:
            raise ValueError(
                f"it was written on {self.written}, after its deadline of {self.deadline}; mend one of them"
            )
        return self


def _sort_of_bet(value: Any) -> str:
    """Whether one bet is given or several; the brackets keep the names out of messages."""
    return "list[]" if isinstance(value, list | tuple) else "bet[]"


class NeedleParams(Params):
    """One entry of params/needles.yaml: who owns a needle, and what was bet on it."""

    owners: tuple[str, ...] = Field((), description="On both sides: the platform, and the stakeholder.")
    bet: (
        Annotated[
            Annotated[Bet, Tag("bet[]")] | Annotated[tuple[Bet, ...], Tag("list[]")],
            Discriminator(_sort_of_bet),
        ]
        | None
    ) = Field(None, description="The bet, or all bets so far as a list, oldest first.")

    @property
    def bets(self) -> tuple[Bet, ...]:
        """Every bet, the oldest first."""
        if self.bet is None:
            return ()
        return (self.bet,) if isinstance(self.bet, Bet) else self.bet

    def standing(self, day: date) -> Bet | None:
        """The bet that is due next on `day`, the last one where none is due any more; None where there is none."""
        due = sorted(self.bets, key=lambda bet: bet.deadline)
        return next((bet for bet in due if bet.deadline >= day), due[-1] if due else None)


class Picked(Params):
    """How the proof's teams were picked; teams picked for a needle's bad weeks regress by themselves."""

    how: str
    needle: Key | None = Field(None, description="The needle by whose values they were picked, if any.")
    weeks: tuple[date, date] | None = Field(None, description="First day and the day after the last of those values.")


class Guardrail(Params):
    """How far a needle may slip: a share of its level (0.1 is 10 %), or points of a share."""

    margin: float = Field(gt=0)


class Rule(Params):
    """Who serves as comparison, as a rule: of all others, those that it fits. It never looks at what came afterwards."""

    names: str = Field("*", description="A pattern of names, such as 'shop-*'.")
    but: tuple[str, ...] = Field((), description="Names that do not serve, such as teams that copied the proof.")
    at_least: int = Field(1, ge=1, description="Facts in the weeks before the start that one must have.")


def _sort_of_comparison(value: Any) -> str:
    """Which of the alternatives is meant, by its shape; the brackets keep the names out of messages."""
    if isinstance(value, dict | Rule):
        return "rule[]"
    return "list[]" if isinstance(value, list | tuple) else "word[]"


Comparison = Annotated[
    Annotated[Literal["none", "all others"], Tag("word[]")]
    | Annotated[tuple[str, ...], Tag("list[]")]
    | Annotated[Rule, Tag("rule[]")],
    Discriminator(_sort_of_comparison),
]


class Proof(Params):
    """One entry of params/proofs.yaml: who took part, from when to when, what was bet on."""

    name: str = Field(description="'The paved road'")
    tried: str = Field(description="What was tried, after 'tried': 'one shared path to production'.")
    problem: str = ""
    by: Key = Field("team", description="The column that says who takes part.")
    treated: Literal["all"] | tuple[str, ...] = Field(description="The teams (or services …) of the proof, or 'all'.")
    start: date
    settling_in: int = Field(0, ge=0, le=MOST_WEEKS, description="Weeks after the start that count for neither side.")
    before: int = Field(13, ge=1, le=MOST_WEEKS, description="Weeks before the start.")
    after: int = Field(13, ge=1, le=MOST_WEEKS, description="Weeks after the start and the settling in.")
    read_out: date = Field(description="The date fixed beforehand on which the evidence is read.")
    starts: dict[str, date] = Field(
        default_factory=dict, description="Teams that began on a day of their own: team: date. Each is held against it."
    )
    comparison: Comparison = Field(
        "none", description="Who carried on as before: a list, 'all others', or a rule such as {names: 'shop-*'}."
    )
    strata: tuple[Key, ...] = Field(
        (), max_length=3, description="Columns that say what type a fact is: a changed mix of types is no effect."
    )
    headline: tuple[Key, ...] = Field(min_length=1, max_length=3)
    supporting: tuple[Key, ...] = ()
    guardrails: dict[Key, Guardrail] = Field(default_factory=dict)
    statistic: Literal["median", "typical"] = "median"
    smallest_effect: dict[Key, float] = Field(
        default_factory=dict,
        description="Needle: the smallest effect of interest, as a share of its level or in points.",
    )
    picked: Picked | None = None
    also: tuple[str, ...] = Field(
        (), description="What else changed in the same weeks, each a clause: printed beside the evidence."
    )
    source: str | None = Field(None, description="Where the start is documented: a commit, a ticket.")

    @field_validator("start", "read_out")
    @classmethod
    def _thinkable(cls, value: date) -> date:
        if not YEARS[0] <= value.year < YEARS[1]:
            raise ValueError(f"{value} lies outside the years {YEARS[0]} to {YEARS[1] - 1}; mend the year")
        return value

    @field_validator("starts")
    @classmethod
    def _all_thinkable(cls, value: dict[str, date]) -> dict[str, date]:
        return {team: cls._thinkable(day) for team, day in value.items()}

    @property
    def needles(self) -> tuple[str, ...]:
        """Headline, supporting and guardrail needles, each once."""
        return tuple(dict.fromkeys((*self.headline, *self.supporting, *self.guardrails)))

    def everyone(self, left_out: Collection[str]) -> bool:
        """Whether a comparison that leaves out these teams is one of all there are, and may be told as such."""
        return self.treated == "all" and not left_out

    @property
    def windows(self) -> tuple[Window, Window]:
        """Before and after, as complete ISO weeks, of the teams that began at `start`.

        The before window ends with the last Monday on or before the start; the after window begins with the
        first Monday on or after start + settling in. The week of a start in mid-week belongs to neither, and where one
        team starts in mid-week no team's does, so that all have the same weeks.
        """
        first = _next_monday(self.start)
        split = first - timedelta(weeks=int(any(day.weekday() for day in (self.start, *self.starts.values()))))
        first += timedelta(weeks=self.settling_in)
        return (
            Window(split - timedelta(weeks=self.before), split),
            Window(first, first + timedelta(weeks=self.after)),
        )

    def late(self, team: str) -> int:
        """By how many weeks a team starts after `start`; negative where it starts before."""
        own = self.starts.get(team, self.start)
        return (_next_monday(own) - _next_monday(self.start)).days // 7

    @property
    def span(self) -> Window:
        """From the first week before any team's start to the last week after one."""
        before, after = self.windows
        late = [0, *(self.late(team) for team in self.starts)]
        return Window(before.start + timedelta(weeks=min(late)), after.end + timedelta(weeks=max(late)))


def _next_monday(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


class KeyEventParams(Params):
    """A time in which the business cannot afford an outage: a sale, a launch, the end of the tax year."""

    name: str
    start: date
    end: date = Field(description="The day after the last.")

    @model_validator(mode="after")
    def _forward(self) -> KeyEventParams:
        if self.end <= self.start:
            raise ValueError(f"{self.name} ends on {self.end}, before it begins; `end` is the day after the last")
        return self


class Each(Params):
    """One report a team (or service, or journey) from an audience's notebook."""

    audience: Key = Field(description="Whose notebook, problem and needles; it takes a parameter named as `by`.")
    by: Literal["team", "service", "journey"] = Field("team", description="One report for each of these.")
    only: tuple[str, ...] = Field((), description="Those that get one; all with facts in the quarter where not given.")
    file: str = Field("", description="Name of each report, such as '{audience}-{team}', which it is where not given.")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return (
            {**value, "file": value.get("file") or f"{{audience}}-{{{value.get('by', 'team')}}}"}
            if isinstance(value, dict)
            else value
        )

    @model_validator(mode="after")
    def _tells_apart(self) -> Each:
        known = ("audience", "quarter", self.by)
        found = re.findall(r"\{([^{}]*)\}", self.file)
        rest = re.sub(r"\{[^{}]*\}", "", self.file)
        if set(found) - set(known) or self.by not in found or re.search(r"[^\w.-]", rest) or self.file.startswith("."):
            raise ValueError(
                f"file is {self.file!r}; write letters, digits, dashes and {{{self.by}}}, with {{audience}} or {{quarter}} "
                "where you like, and no folder or ending"
            )
        return self


class QuarterParams(Params):
    """params/<quarter>.yaml: what is particular to one quarter."""

    audiences: tuple[Key, ...] = Field((), description="Reports to build; all audiences where not given.")
    each: tuple[Each, ...] = Field((), description="One report a team, service or journey.")
    proofs: tuple[Key, ...] = Field((), description="Proofs reported this quarter, the leading one first.")
    asks: dict[Key, Ask] = Field(default_factory=dict, description="Audience: what we ask of them this quarter.")
    key_events: tuple[KeyEventParams, ...] = Field((), description="Days in which an outage would hurt most.")
