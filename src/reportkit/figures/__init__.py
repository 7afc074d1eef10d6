"""Pictures and tables of a report: one module one picture, each a pure function to a Figure or a Block.

`theme` (brand, colours, fonts) and `drawing` (matplotlib's and plotly's common ground) are what they stand on.
"""
