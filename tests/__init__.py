"""Tests of reportkit. `tests.northwind` invents the top-level workspace's data; `tests.oracle` recomputes numbers in plain SQL."""
