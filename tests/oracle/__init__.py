"""The numbers of the reports again, in plain SQL straight from the raw files: no line of reportkit's code is used here.

A source of facts (`devlake`, `northwind`) makes two views on a DuckDB connection:

- `spans(needle, team, began, ended)`: durations, `ended` NULL where it had not ended by the quarter's end;
- `events(needle, team, happened)`: things to count.

`needles` has the arithmetic that they share.
"""
