"""The one way in which world types are declared: frozen, nothing extra, docstrings as schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar, cast, dataclass_transform

import pydantic
from pydantic.dataclasses import dataclass as pydantic_dataclass

__all__ = ["Name", "typed"]

T = TypeVar("T")

Name = Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""A name that files, ROS topics and frames can carry alike: lower case, digits, underscores."""

_CONFIG = pydantic.ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def typed(cls: type[T]) -> type[T]:
    """Make `cls` a frozen, keyword-only, validated dataclass whose keys are all known."""
    make = pydantic_dataclass(frozen=True, kw_only=True, config=_CONFIG)
    return cast(Callable[[type[T]], type[T]], make)(cls)
