"""Northwind's facts from the raw exports, as known at the end of 2026-Q3, without the rows that are broken."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tests.northwind import truth
from tests.oracle.needles import DAYS_A_MONTH, Oracle, Trial

DURATIONS = ("lead_time_for_changes", "release_wait", "pull_request_merge_time", "engineer_onboarding")
RATES = {"deployment_frequency": 7, "features_released": DAYS_A_MONTH}
TRIAL = Trial(
    before=truth.BEFORE, after=truth.AFTER, treated=truth.TREATED, compared=True, durations=DURATIONS, rates=RATES,
)  # fmt: skip
KNOWN = "TIMESTAMPTZ '2026-09-30 23:00:00+00'"  # the end of September in London


def oracle(raw: Path) -> Oracle:
    """The facts known when October 2026 began in London."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Europe/London'")
    text = "all_varchar = true, header = true"
    connection.execute(f"CREATE VIEW services AS SELECT * FROM read_csv('{raw}/services.csv', {text})")
    connection.execute(f"""
        CREATE VIEW pulls AS
        SELECT s.team, try_cast(first_commit AS TIMESTAMPTZ) AS committed, try_cast(opened AS TIMESTAMPTZ) AS opened,
               try_cast(merged AS TIMESTAMPTZ) AS merged, try_cast(released AS TIMESTAMPTZ) AS released
        FROM (SELECT DISTINCT * FROM read_csv(['{raw}/changes-2024-25.csv', '{raw}/changes-2025-26.csv'], {text}, delim = ',')) c
        LEFT JOIN services s ON s.service = c.repo
        WHERE state != 'closed' AND author NOT LIKE '%[bot]'
          AND (merged IS NULL OR try_cast(merged AS TIMESTAMPTZ) IS NOT NULL)
          AND coalesce(committed <= try_cast(merged AS TIMESTAMPTZ), true)""")
    connection.execute(f"""
        CREATE VIEW starts AS
        SELECT who, strptime(began, '%d/%m/%Y')::DATE AS began, try_cast(first_release AS TIMESTAMP) AS finished
        FROM read_csv('{raw}/onboardings.csv', {text}, delim = ';') WHERE kind = 'engineer'""")
    connection.execute(f"""
        CREATE VIEW spans AS
        SELECT needle, coalesce(team, 'none given') AS team, began, CASE WHEN ended < {KNOWN} THEN ended END AS ended FROM (
            SELECT 'lead_time_for_changes' AS needle, team, committed AS began, released AS ended FROM pulls
            UNION ALL SELECT 'release_wait', team, merged, released FROM pulls WHERE merged IS NOT NULL
            UNION ALL SELECT 'pull_request_merge_time', team, opened, merged FROM pulls
            UNION ALL SELECT 'engineer_onboarding', o.team, s.began::TIMESTAMPTZ, s.finished::TIMESTAMPTZ
                FROM starts s JOIN read_csv('{raw}/onboardings.csv', {text}, delim = ';') o USING (who))
        WHERE began < {KNOWN}""")
    connection.execute(f"""
        CREATE VIEW events AS
        SELECT 'deployment_frequency' AS needle, s.team, try_strptime(finished, '%d/%m/%Y %H:%M')::TIMESTAMPTZ AS happened
        FROM (SELECT DISTINCT * FROM read_csv('{raw}/deployments.csv', {text})) d JOIN services s USING (service)
        WHERE environment = 'production' AND outcome = 'Succeeded' AND happened < {KNOWN}
        UNION ALL SELECT 'features_released', s.team, f.released::TIMESTAMP::TIMESTAMPTZ
        FROM read_json('{raw}/features.jsonl', columns = {{key: 'VARCHAR', service: 'VARCHAR', audience: 'VARCHAR', started: 'VARCHAR', released: 'VARCHAR'}}) f
        JOIN services s USING (service)
        WHERE audience = 'customers' AND released::TIMESTAMP >= started::TIMESTAMP AND f.released::TIMESTAMP::TIMESTAMPTZ < {KNOWN}""")
    return Oracle(connection, "Europe/London", (truth.FIRST_DAY, truth.CUT))
