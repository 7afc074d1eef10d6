"""Tests on real public data, which the project holds no copy of."""
