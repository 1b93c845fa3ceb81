"""The text of a world file: safe YAML, duplicate keys refused, line numbers kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from twincell.errors import WorldError

__all__ = ["Loc", "Source", "in_order", "key_text"]

Loc = Sequence[str | int]

_LARGEST = 4_000_000
_DEEPEST = 40

_NAMES = ("tag:yaml.org,2002:str",)
_NUMBER = "tag:yaml.org,2002:int"


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core schema: `no` is a string, `1:30` no number, `4e-6` a float."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own form)


_PLAIN = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (
        (
            r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
        ),
        list("-+.0123456789"),
    ),
    "merge": (r"<<", ["<"]),
}
for _tag, (_pattern, _first) in _PLAIN.items():
    _CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first
    )


def key_text(loc: Loc) -> str:
    """A place in the file as people write it: `arms.handler.home[2]`."""
    text = ""
    for item in loc:
        text += f"[{item}]" if isinstance(item, int) else f".{item}" if text else str(item)
    return text or "(whole file)"


def in_order(faults: Iterable[str]) -> list[str]:
    """Fault lines by line number, each once."""
    unique = dict.fromkeys(faults)
    return sorted(unique, key=lambda f: int(m[1]) if (m := re.match(r".*?:(\d+): ", f)) else 0)


@dataclass(frozen=True)
class Source:
    """A world file as it was written.

    Attributes:
        path: as the user named it; faults begin with it.
        root: the YAML tree, which knows its lines.
        value: the same as dicts, lists and scalars.
    """

    path: Path
    root: yaml.Node
    value: dict[str, Any]

    @classmethod
    def read(cls, path: Path, number_keys: bool = False) -> Source:
        """Read a file.

        Args:
            path: of the file.
            number_keys: whole numbers are keys as well; a location has them as text.

        Raises:
            WorldError: unreadable, not text, not YAML, a key given twice, or not a mapping.
        """
        text = _text(path)
        loader = None
        try:
            loader = _CoreLoader(text)
            root = loader.get_single_node()
            if root is None:
                raise WorldError(f"{path}:1: the file is empty; valid: a mapping, first key `name`")
            names = (*_NAMES, _NUMBER) if number_keys else _NAMES
            faults = _structure(root, [], set(), set(), names)
            if faults:
                raise WorldError("\n".join(f"{path}:{line}: {fault}" for line, fault in faults))
            value = loader.construct_document(root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else 1
            context = f"{error.context}, " if error.context else ""
            raise WorldError(f"{path}:{line}: not YAML: {context}{error.problem}") from None
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise WorldError(f"{path}:1: not YAML: {_one_line(error)}") from None
        finally:
            if loader is not None:
                loader.dispose()
        if not isinstance(value, dict):
            raise WorldError(
                f"{path}:1: given {type(value).__name__} {_one_line(value)!r:.60}; "
                "valid: a mapping whose first key is `name`"
            )
        return cls(path, root, value)

    def line(self, loc: Loc) -> int:
        """The line, from 1, of a key or item; of the nearest parent where it is absent."""
        node, line = self.root, self.root.start_mark.line
        for item in loc:
            found = _child(node, item)
            if found is None:
                break
            line, node = found
        return line + 1

    def fault(self, loc: Loc, text: str) -> str:
        """One line that says where, then what."""
        return f"{self.path}:{self.line(loc)}: {key_text(loc)}: {text}"


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WorldError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _LARGEST:
        raise WorldError(f"{path}: {len(data)} bytes; valid: a file of at most {_LARGEST}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise WorldError(f"{path}:{line}: not a text file; valid: YAML in UTF-8") from None


def _structure(
    node: yaml.Node,
    loc: list[str | int],
    above: set[int],
    done: set[int],
    names: tuple[str, ...],
) -> list[tuple[int, str]]:
    """Faults that only the tree shows: keys given twice, keys that are no names, loops."""
    line = node.start_mark.line + 1
    if id(node) in above or len(loc) > _DEEPEST:
        return [(line, f"{key_text(loc)}: contains itself or is nested too deeply")]
    if id(node) in done:  # an alias of what was looked at
        return []
    done.add(id(node))
    above = above | {id(node)}
    faults: list[tuple[int, str]] = []
    if isinstance(node, yaml.SequenceNode):
        for i, child in enumerate(node.value):
            faults += _structure(child, [*loc, i], above, done, names)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, child in node.value:
            where = key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                # one mapping, or a list of them, whose keys count as this one's
                merged = child.value if isinstance(child, yaml.SequenceNode) else [child]
                for each in merged:
                    faults += _structure(each, loc, above, done, names)
                continue
            if not isinstance(key, yaml.ScalarNode) or key.tag not in names:
                given = getattr(key, "value", "")
                faults.append((where, f"{key_text(loc)}: key {given!r:.40} is no name; quote it"))
                continue
            if key.value in seen:
                first = seen[key.value]
                faults.append(
                    (where, f"{key_text([*loc, key.value])}: given twice, first on line {first}")
                )
            seen[key.value] = where
            faults += _structure(child, [*loc, key.value], above, done, names)
    return faults


def _child(node: yaml.Node, item: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if key.value == item:
                return key.start_mark.line, child
    if isinstance(node, yaml.SequenceNode) and isinstance(item, int) and item < len(node.value):
        child = node.value[item]
        return child.start_mark.line, child
    return None


def _one_line(value: object) -> str:
    return " ".join(str(value).split())
