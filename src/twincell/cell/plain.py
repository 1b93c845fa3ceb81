"""Dataclasses to JSON's plain values and back, guided by their type hints."""

from __future__ import annotations

import dataclasses
import math
import types
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

__all__ = ["decode", "encode"]

T = TypeVar("T")


def encode(value: Any) -> Any:
    """Dicts, lists, strings and finite numbers; what is not finite becomes None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    if isinstance(value, np.ndarray):
        return encode(value.tolist())
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def decode(kind: type[T], data: Any) -> T:
    """The dataclass that `encode` was given; keys that it does not have are left out.

    Raises:
        ValueError: a key is missing or a value has the wrong form; the message names it.
    """
    made: T = _decode(kind, data, kind.__name__)
    return made


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, data: Any, where: str) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any or origin is Literal:
        return data
    if origin in (Union, types.UnionType):
        return None if data is None else _decode(args[0], data, where)
    try:
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            hints = _hints(kind)
            needed = [f for f in dataclasses.fields(kind) if f.init]
            absent = [f.name for f in needed if f.name not in data and _required(f)]
            if absent:
                raise ValueError(f"{where}: missing {', '.join(absent)}")
            given = {f.name: data[f.name] for f in needed if f.name in data}
            return kind(**{k: _decode(hints[k], v, f"{where}.{k}") for k, v in given.items()})
        if origin is tuple:
            return tuple(_decode(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
        if origin is dict:
            return {key: _decode(args[1], item, f"{where}.{key}") for key, item in data.items()}
        if origin is np.ndarray:
            return np.asarray(data, float)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind[data.upper()]
        if kind is float:
            return math.nan if data is None else float(data)
        return kind(data)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{where}: {data!r:.60} is no {kind}: {error}") from None


def _required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing
