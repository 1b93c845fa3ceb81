"""A file read, validated and handed on; all of its faults are reported at once."""

from __future__ import annotations

import dataclasses
import reprlib
import types
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from twincell.assets import line_path, world_path
from twincell.errors import WorldError, did_you_mean
from twincell.world.check_line import findings
from twincell.world.line import LineFile
from twincell.world.model import World
from twincell.world.source import Loc, Source, in_order

__all__ = ["adapter", "keys_of", "load_line", "load_world", "parse_world"]


_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = 60


@cache
def adapter(kind: type) -> TypeAdapter[Any]:
    """Pydantic's validator of a whole file."""
    return TypeAdapter(kind)


def load_world(path: str | Path) -> World:
    """Read a world file; cross-references and geometry are for `world.check`.

    Args:
        path: a file, or the bare name of a shipped world (`blade_cell`).

    Raises:
        AssetError: no such file.
        WorldError: one line a fault: `file:line: key: given ...; valid ...`.
    """
    return parse_world(Source.read(_shown(world_path(path), path)))


def parse_world(source: Source) -> World:
    """Validate what was read.

    Raises:
        WorldError: one line a fault.
    """
    world: World = _parse(World, source)
    return world


def load_line(path: str | Path) -> LineFile:
    """Read a line file, and check what must hold between its keys.

    Args:
        path: a file, or the bare name of a shipped one (`blade_line`).

    Raises:
        AssetError: no such file.
        WorldError: one line a fault: `file:line: key: given ...; valid ...`.
    """
    source = Source.read(_shown(line_path(path), path))
    line: LineFile = _parse(LineFile, source)
    faults = [source.fault(loc, text) for loc, text in findings(line)]
    if faults:
        raise WorldError("\n".join(in_order(faults)))
    return line


def _parse(kind: type, source: Source) -> Any:
    """What was read as a type made by `typed`; raises WorldError, one line a fault."""
    try:
        return adapter(kind).validate_python(source.value)
    except ValidationError as error:
        faults = [_fault(source, detail, kind) for detail in error.errors(include_url=False)]
        raise WorldError("\n".join(in_order(faults))) from None


def _shown(found: Path, given: str | Path) -> Path:
    return Path(given) if Path(given).is_file() else found


def _fault(source: Source, error: ErrorDetails, whole: type) -> str:
    kind, ctx = error["type"], error.get("ctx", {})
    loc, owner = _resolve(source.value, error["loc"], whole)
    given = f"given {_shorten(error['input'])}; "
    if kind == "unexpected_keyword_argument":
        return source.fault(loc, f"unknown key; {did_you_mean(str(loc[-1]), keys_of(owner))}")
    if kind == "missing":
        return source.fault(loc, f"missing; valid: {_meaning(owner, str(loc[-1]))}")
    if kind in ("dataclass_type", "model_attributes_type", "dict_type"):
        keys = keys_of(owner)
        named = f" with the keys {', '.join(keys)}" if keys and kind != "dict_type" else ""
        return source.fault(loc, f"{given}valid: a mapping{named}")
    if kind in ("tuple_type", "list_type"):
        return source.fault(loc, f"{given}valid: a list, e.g. [a, b]")
    if kind in ("literal_error", "union_tag_invalid"):
        tag = kind == "union_tag_invalid"
        names = (ctx["expected_tags"] if tag else ctx["expected"].replace(" or ", ", ")).split(", ")
        value = ctx["tag"] if tag else error["input"]
        where = [*loc, "kind"] if tag else loc
        valid = did_you_mean(str(value), [name.strip("'") for name in names])
        return source.fault(where, f"given {_shorten(value)}; {valid}")
    if kind == "union_tag_not_found":
        return source.fault([*loc, "kind"], "missing; valid: the kind of sensor")
    if kind == "string_pattern_mismatch":
        return source.fault(loc, f"{given}valid: lower-case letters, digits and underscores")
    if kind == "value_error":  # of world.units: what is wrong, then "expected ..."
        return source.fault(loc, given + str(ctx["error"]).replace("expected ", "valid: ", 1))
    message = error["msg"].removeprefix("Input should be ").replace("valid ", "")
    message = message.replace("a integer", "an integer")
    return source.fault(loc, f"{given}valid: {message.split(', unable')[0]}")


def _resolve(value: Any, loc: tuple[str | int, ...], whole: type) -> tuple[Loc, Any]:
    """Drop what pydantic puts into a location beside the file's keys; find the owning type."""
    owner: Any = whole
    where: list[str | int] = []
    for i, item in enumerate(loc):
        last = i == len(loc) - 1
        if item == "[key]":
            break
        branch = _branch(owner, item)
        if branch is not None:  # the tag of a union: no key of the file
            owner = branch
            continue
        where.append(item)
        if last and dataclasses.is_dataclass(_strip(owner)) and not _holds(value, item):
            return where, owner  # an absent key: its owner is what matters
        value = _at(value, item)
        inner = _inner(owner, item)
        if inner is None:
            return where, owner
        owner = inner
    return where, owner


def _at(value: Any, item: str | int) -> Any:
    return value[item] if _holds(value, item) else None


def _holds(value: Any, item: str | int) -> bool:
    if isinstance(value, dict):
        return item in value
    return isinstance(value, list) and isinstance(item, int) and item < len(value)


def _strip(kind: Any) -> Any:
    """The type without `Annotated` and without `| None`."""
    if get_origin(kind) is Annotated:
        return _strip(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        rest = [a for a in get_args(kind) if a is not type(None)]
        return _strip(rest[0]) if len(rest) == 1 else kind
    return kind


def _branch(kind: Any, tag: str | int) -> Any:
    """The member of a union that a tag stands for; None where `kind` is no union."""
    kind = _strip(kind)
    if get_origin(kind) not in (Union, types.UnionType):
        return None
    for member in get_args(kind):
        if tag in get_args(get_type_hints(member).get("kind")):
            return member
    return None


def _inner(kind: Any, item: str | int) -> Any:
    """The type of a key or an item; None where there is none."""
    kind = _strip(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return get_type_hints(kind, include_extras=True).get(str(item))
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    return None


def keys_of(kind: Any) -> list[str]:
    """The keys that a mapping of this type may have; empty where they are free."""
    kind = _strip(kind)
    if not (dataclasses.is_dataclass(kind) and isinstance(kind, type)):
        return []
    return [f.name for f in dataclasses.fields(kind)]


def _meaning(owner: Any, key: str) -> str:
    """The docstring of a key, as the JSON schema carries it, on one line."""
    owner = _strip(owner)
    if not (dataclasses.is_dataclass(owner) and isinstance(owner, type)):
        return "a value"
    schema = TypeAdapter(owner).json_schema()
    text = schema.get("properties", {}).get(key, {}).get("description", "a value")
    return " ".join(str(text).split())


def _shorten(value: Any) -> str:
    return _BRIEF.repr(value)
