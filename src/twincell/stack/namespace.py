"""Names of ROS namespaces, by the rules of rmw_validate_namespace."""

from __future__ import annotations

import re

from twincell.errors import TwincellError

__all__ = ["namespace_of"]

_RULE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*)?")
_LONGEST = 245
"""Characters that ROS takes."""


def namespace_of(given: str) -> str:
    """A namespace without slashes around it; empty for the root.

    Raises:
        TwincellError: ROS would not take it.
    """
    inner = given.strip("/")
    if len(inner) > _LONGEST or not _RULE.fullmatch(inner):
        raise TwincellError(
            f"namespace '{given:.60}'; valid: letters, digits and underscores, no digit first, "
            f"parts with one slash between them, at most {_LONGEST} characters, e.g. 'cell_2'"
        )
    return inner
