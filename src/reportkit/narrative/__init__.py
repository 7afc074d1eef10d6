"""Sentences, built from evidence and never typed by hand. `english` holds every word: a language is a file."""
