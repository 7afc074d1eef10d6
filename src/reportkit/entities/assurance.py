"""Assurance: what is checked before it may run, and what scans and inventories find."""

from __future__ import annotations

from reportkit.entities.contract import Entity, Field, ordered

CHANGE_REQUESTS = Entity(
    name="change_requests",
    meaning="a request to change production, as change management keeps it",
    key="change_request_id",
    systems=("servicenow",),
    own=(
        Field("kind", "text", "standard, normal, emergency …"),
        Field("risk", "text", "the risk that it was given", allowed=("low", "medium", "high")),
        Field("requested_at", "time", "when it was raised", required=True),
        Field("approved_at", "time", "when it was approved"),
        Field("implemented_at", "time", "when the change was in production"),
        Field("closed_at", "time", "when it was closed"),
        Field("outcome", "text", "how it ended", allowed=("successful", "unsuccessful", "cancelled")),
        Field("manual_evidence", "flag", "whether somebody attached evidence by hand"),
        Field("deployment_id", "text", "the deployment that carried it out"),
    ),
    rules=tuple(ordered(("requested_at", "approved_at"), ("requested_at", "implemented_at", "closed_at"))),
)

TEST_COVERAGE = Entity(
    name="test_coverage",
    meaning="whether one use case was covered by tests of one kind, as one measurement found it",
    key="measurement_id",
    own=(
        Field("use_case", "text", "which use case of the business", required=True),
        Field("key_use_case", "flag", "whether it is one of the key ones", default=True),
        Field(
            "kind", "text", "what the tests look at: what it does, how well it does it, or how it stands failures",
            required=True, allowed=("functional", "non_functional", "reliability"),
        ),
        Field("measured_at", "time", "when", required=True),
        Field("covered", "flag", "whether passing tests cover it", required=True),
    ),
)  # fmt: skip

VULNERABILITIES = Entity(
    name="vulnerabilities",
    meaning="a known vulnerability of one asset, from when it was found to when it was gone",
    key="vulnerability_id",
    standing=True,
    systems=("scans", "github"),
    own=(
        Field("identifier", "text", "its public name, such as a CVE"),
        Field("asset_id", "text", "the image, package, host or device that has it"),
        Field("asset_kind", "text", "what that is: image, library, host, endpoint …"),
        Field("severity", "text", "how bad it is", allowed=("critical", "high", "medium", "low", "unknown")),
        Field("environment", "text", "where the asset runs", default="production"),
        Field("detected_at", "time", "when it was first found", required=True),
        Field("remediated_at", "time", "when it was gone"),
    ),
    rules=tuple(ordered(("detected_at", "remediated_at"))),
)

ASSETS = Entity(
    name="assets",
    meaning="an asset as one inventory found it",
    key="observation_id",
    systems=("scans",),
    own=(
        Field("asset_id", "text", "which one", required=True),
        Field("asset_kind", "text", "what it is: image, library, host, endpoint …"),
        Field("observed_at", "time", "when the inventory was taken", required=True),
        Field("scanned", "flag", "whether security scans reach it", required=True),
    ),
)
