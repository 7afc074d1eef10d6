"""The sections of a report, one function each: from findings to a Page. A section with nothing to say is an empty Page."""
