"""twincell: a robotic inspection cell and its digital twin.

The package is the core: it knows no ROS. Arrays and frozen dataclasses go in and come out, time
is an argument in seconds of simulation time, and chance is a `numpy.random.Generator` argument.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
