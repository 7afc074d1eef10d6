"""Operations: what runs, how well, and what goes wrong."""

from __future__ import annotations

from reportkit.entities.contract import Entity, Field, Rule, at_least, ordered

SERVICES = Entity(
    name="services",
    meaning="a service that is run, from its first day to its last",
    key="service_id",
    standing=True,
    cut="service",
    systems=("sql",),
    own=(
        Field("created_at", "time", "when it was first there", required=True),
        Field("adopted_at", "time", "when it moved onto the platform"),
        Field("retired_at", "time", "when it was switched off"),
        Field("tier", "text", "how much depends on it"),
    ),
    rules=tuple(ordered(("created_at", "adopted_at", "retired_at"))),
)

INCIDENTS = Entity(
    name="incidents",
    meaning="an incident in production",
    key="incident_id",
    systems=("pagerduty", "servicenow", "gitlab", "sql"),
    own=(
        Field("title", "text", "what happened, in a line"),
        Field("severity", "text", "how bad it was, in the organisation's own scale"),
        Field(
            "started_at", "time", "when it began to hurt; when it was noticed, where nothing tells more", required=True
        ),
        Field("acknowledged_at", "time", "when somebody took it on"),
        Field("resolved_at", "time", "when service was restored"),
        Field("environment", "text", "where it happened", default="production"),
        Field("outage", "flag", "whether customers could not use something"),
        Field("sla_breached", "flag", "whether it took longer than was promised"),
        Field("deployment_id", "text", "the deployment that caused it, where the source names one"),
    ),
    rules=tuple(ordered(("started_at", "resolved_at"), ("started_at", "acknowledged_at"))),
)

SLO_WINDOWS = Entity(
    name="slo_windows",
    meaning="good and all events of a service-level indicator over one short window, such as an hour or a day",
    key="slo_window_id",
    systems=("prometheus",),
    own=(
        Field("slo", "text", "the objective's name"),
        Field("feature", "text", "the feature that it watches"),
        Field("started_at", "time", "when the window began", required=True),
        Field("good", "number", "events that were good", required=True, unit="events"),
        Field("total", "number", "all valid events", required=True, unit="events"),
        Field("objective", "number", "the share that was promised to be good, such as 0.999"),
    ),
    rules=(
        at_least("good"),
        Rule("good <= total", "more good events than events"),
        Rule("objective > 0 AND objective <= 1", "the objective is not a share between 0 and 1"),
    ),
)

ENVIRONMENTS = Entity(
    name="environments",
    meaning="an environment as one check found it",
    key="check_id",
    own=(
        Field("environment", "text", "which one", required=True),
        Field("checked_at", "time", "when it was looked at", required=True),
        Field("drifted", "flag", "whether it differed from what is declared in code", required=True),
    ),
)

TIME_USE = Entity(
    name="time_use",
    meaning="hours that somebody spent on one kind of work, from a survey or a work log",
    key="entry_id",
    moment="worked_at",
    systems=("jira",),
    own=(
        Field("person", "text", "who, hashed", person=True),
        Field("worked_at", "time", "the day, or the first day of the week that was asked about", required=True),
        Field("hours", "number", "how many", required=True, unit="hours"),
        Field(
            "category", "text", "what for: value is work for end users, toil is manual work that a machine could do",
            required=True, allowed=("value", "toil", "maintenance", "coordination", "other"),
        ),
    ),
    rules=(at_least("hours"),),
)  # fmt: skip
