"""Northwind, an invented retailer: two years of exports from a seeded generator.

`python -m tests.northwind` writes extracts/raw/ byte for byte as it is committed.
"""
