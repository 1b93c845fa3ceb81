"""All rooms assembled in one process, in lockstep: the shortest way to read how it works."""
