"""Apache DevLake's facts from the raw CSV files, as known at a quarter's end."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from tests.oracle.needles import DAYS_A_MONTH, Oracle, Trial

WEEK, MONTH = 7, DAYS_A_MONTH
DURATIONS = ("release_wait", "lead_time_for_changes", "engineer_onboarding")
RATES = {"deployment_frequency": WEEK, "features_released": MONTH}
TRIALS = {
    "automatic_release": Trial(
        before=(date(2021, 9, 27), date(2021, 12, 27)),
        after=(date(2022, 1, 3), date(2022, 6, 27)),
        durations=("release_wait", "lead_time_for_changes"),
        rates=RATES,
    ),
    "automatic_cherry_pick": Trial(
        before=(date(2023, 2, 13), date(2023, 5, 15)),
        after=(date(2023, 5, 22), date(2023, 8, 21)),
        durations=("release_wait", "lead_time_for_changes"),
        rates=RATES,
    ),
}


def oracle(folder: Path, end: date, *, prereleases: bool = True) -> Oracle:
    """The facts known when `end` began (UTC)."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for name in ("changes", "releases"):
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_csv('{folder}/devlake_{name}.csv')")
    known = f"TIMESTAMPTZ '{end} 00:00:00+00'"
    counted = "true" if prereleases else "looks_prerelease = 0"
    connection.execute(f"""
        CREATE VIEW facts AS
        WITH released AS (
            SELECT c.*, coalesce(r.looks_prerelease = 0 OR {str(prereleases).lower()}, false) AS counts
            FROM changes c LEFT JOIN releases r ON r.tag = c.first_release),
        full_release AS (
            SELECT c.sha, min(f.tagged_at) AS first FROM released c JOIN releases f
            ON f.looks_prerelease = 0 AND f.tagged_at >= c.released_at GROUP BY c.sha)
        SELECT c.sha, c.author_id, c.change_type, c.first_commit_at, c.merged_at,
            CASE WHEN c.counts THEN c.released_at ELSE f.first END AS released,
            CASE WHEN regexp_matches(c.subject, '^[A-Za-z]+\\([^),/]+')
                 THEN lower(trim(split_part(split_part(split_part(split_part(c.subject, '(', 2), ')', 1), ',', 1), '/', 1)))
                 ELSE 'core' END AS team
        FROM released c LEFT JOIN full_release f USING (sha)""")
    connection.execute(f"""
        CREATE VIEW spans AS
        SELECT needle, team, began, CASE WHEN ended < {known} THEN ended END AS ended FROM (
            SELECT 'release_wait' AS needle, team, merged_at AS began, released AS ended FROM facts
            UNION ALL SELECT 'lead_time_for_changes', team, first_commit_at, released FROM facts WHERE first_commit_at IS NOT NULL
            UNION ALL SELECT 'engineer_onboarding', 'devlake', min(merged_at), min(released) FROM facts GROUP BY author_id)
        WHERE began < {known}""")
    connection.execute(f"""
        CREATE VIEW events AS
        SELECT 'deployment_frequency' AS needle, 'devlake' AS team, tagged_at AS happened FROM releases WHERE tagged_at < {known} AND {counted}
        UNION ALL SELECT 'features_released', 'devlake', released FROM facts WHERE change_type = 'feat' AND released < {known}""")
    return Oracle(connection, "UTC", (date(2021, 8, 24), end))
