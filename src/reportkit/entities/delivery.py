"""Delivery: how work becomes something that customers can use."""

from __future__ import annotations

from reportkit.entities.contract import Entity, Field, Rule, at_least, ordered

CHANGES = Entity(
    name="changes",
    meaning="a change of code on its way to production: a pull request or a commit on the main branch",
    key="change_id",
    systems=("github", "gitlab", "git", "sql"),
    own=(
        Field("author", "text", "who wrote it, hashed", person=True),
        Field("title", "text", "its first line"),
        Field("kind", "text", "conventional-commit type: feat, fix …"),
        Field("first_commit_at", "time", "when its first commit was written"),
        Field("opened_at", "time", "when it was put up for review"),
        Field("first_review_at", "time", "when somebody else first reviewed it"),
        Field("approved_at", "time", "when its review was passed"),
        Field("merged_at", "time", "when it reached the main branch"),
        Field("built_at", "time", "when it was built and tested, ready for production"),
        Field("deployed_at", "time", "when it first ran in production"),
        Field("abandoned_at", "time", "when it was given up; it then counts as a change no more"),
        Field("manual_approvals", "number", "approvals given by hand that it had to wait for", unit="approvals"),
    ),
    rules=(
        Rule(
            "coalesce(first_commit_at, opened_at, merged_at) IS NOT NULL", "no time of a first commit, opening or merge"
        ),
        *ordered(
            ("first_commit_at", "merged_at", "built_at", "deployed_at"),
            ("opened_at", "first_review_at", "merged_at", "deployed_at"),
            ("opened_at", "approved_at", "merged_at"),
        ),
        at_least("manual_approvals"),
    ),
)

DEPLOYMENTS = Entity(
    name="deployments",
    meaning="a deployment of a service to an environment",
    key="deployment_id",
    systems=("github", "gitlab", "git", "sql"),
    own=(
        Field("deployed_at", "time", "when it finished", required=True),
        Field("environment", "text", "where to", default="production"),
        Field("result", "text", "how it ended", allowed=("success", "failure", "cancelled"), default="success"),
        Field("version", "text", "what was deployed"),
        Field("standard_path", "flag", "whether it went the standard path to production"),
        Field("rework", "flag", "whether it was unplanned and repaired what an earlier one broke: hotfix, rollback"),
    ),
)

FEATURES = Entity(
    name="features",
    meaning="a feature, or the launch of a product, on its way to users",
    key="feature_id",
    systems=("jira", "github", "git"),
    own=(
        Field("title", "text", "its name"),
        Field("kind", "text", "feature or launch", allowed=("feature", "launch"), default="feature"),
        Field("requested_at", "time", "when the idea was written down"),
        Field("started_at", "time", "when work on it began"),
        Field("released_at", "time", "when users could first use it"),
        Field("abandoned_at", "time", "when it was given up; it then counts as a feature no more"),
        Field("user_facing", "flag", "whether users can see it", default=True),
    ),
    rules=(
        Rule("coalesce(requested_at, started_at, released_at) IS NOT NULL", "no time of a request, start or release"),
        *ordered(("requested_at", "started_at", "released_at")),
    ),
)

ONBOARDINGS = Entity(
    name="onboardings",
    meaning="an engineer or a service finding its way to a first production release",
    key="onboarding_id",
    systems=("jira", "git"),
    own=(
        Field("subject", "text", "who or what, hashed where it is a person", required=True, person=True),
        Field("kind", "text", "engineer or service", required=True, allowed=("engineer", "service")),
        Field("started_at", "time", "when they joined, or it was requested", required=True),
        Field("finished_at", "time", "when their work, or it, first reached production"),
    ),
    rules=tuple(ordered(("started_at", "finished_at"))),
)
