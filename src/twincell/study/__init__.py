"""Studies: how often the cell finds what is there, and what it calls that is not."""
