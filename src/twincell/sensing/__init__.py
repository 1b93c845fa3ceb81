"""Sensors: what light and lasers tell of the cell, with their imperfections."""
