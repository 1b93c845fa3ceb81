"""JSON schemas of world and line files for editors, and the world's reference, from the types."""

from __future__ import annotations

import json
from typing import Any

from twincell.world.line import LineFile
from twincell.world.load import adapter
from twincell.world.model import World

__all__ = ["json_schema", "line_schema", "reference", "schema_text"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a world file as it is written, before units are converted."""
    return _schema(World, "twincell world")


def line_schema() -> dict[str, Any]:
    """The same of a line file."""
    return _schema(LineFile, "twincell line")


def _schema(kind: type, title: str) -> dict[str, Any]:
    schema = adapter(kind).json_schema(mode="validation")
    _close(schema)
    return schema | {"$schema": _DIALECT, "title": title}


def _close(node: Any) -> None:
    """Where names must follow a pattern, no other name is allowed."""
    if isinstance(node, list):
        for item in node:
            _close(item)
    if isinstance(node, dict):
        if "patternProperties" in node:
            node["additionalProperties"] = False
        for item in node.values():
            _close(item)


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as `worlds/world.schema.json` and `worlds/lines/line.schema.json` hold it."""
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def reference() -> str:
    """All keys with types, units, defaults and meanings, as Markdown (`docs/world.md`)."""
    schema = json_schema()
    sections = {"World": schema, **schema["$defs"]}
    order = _reached(schema)
    lines = [
        "# The world file",
        "",
        "One YAML file says what stands in a cell, what it can do and what work there is. This",
        "page is written by `twincell world docs` from the types in `src/twincell/world/`. A fault",
        "is named by `twincell world check FILE`; editors show it while you type, by",
        "`worlds/world.schema.json` (written by `twincell world schema`).",
        "",
        "A quantity is a number in the unit shown, or a string with its unit: `0.025`, `25 mm/s`,",
        "`90 deg`. YAML is read by its version 1.2, so `no` is a string and `4e-6` a number.",
        "A key given twice is a fault. Names are lower case, digits and underscores.",
    ]
    for name in order:
        section = sections[name]
        lines += ["", f"## {name}", "", _plain(section.get("description", "")), ""]
        lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        required = section.get("required", [])
        for key, entry in section["properties"].items():
            default = "**required**" if key in required else f"`{_default(entry)}`"
            meaning = _plain(entry.get("description", "")).replace("|", "\\|")
            lines.append(f"| `{key}` | {_kind(entry)} | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


def _reached(schema: dict[str, Any]) -> list[str]:
    """World first, then each type where it is first named, depth first: the file's own order."""
    seen: list[str] = []

    def visit(name: str, section: dict[str, Any]) -> None:
        if name in seen:
            return
        seen.append(name)
        for inner in _references(section.get("properties", {})):
            visit(inner, schema["$defs"][inner])

    visit("World", schema)
    return seen


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _references(item)]
    if not isinstance(node, dict):
        return []
    found = [node["$ref"].rsplit("/", 1)[-1]] if "$ref" in node else []
    for key, item in node.items():
        if key not in ("mapping", "default"):
            found += _references(item)
    return found


def _kind(entry: dict[str, Any]) -> str:
    """What a value looks like, in words."""
    if "$ref" in entry:
        name = entry["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "const" in entry:
        return f"`{entry['const']}`"
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    for union in ("anyOf", "oneOf"):
        if union in entry:
            members = [m for m in entry[union] if m.get("type") != "null"]
            return " or ".join(dict.fromkeys(_kind(m) for m in members))
    kind = entry.get("type")
    if kind == "array":
        size = entry.get("minItems") if entry.get("minItems") == entry.get("maxItems") else ""
        items = entry.get("items") or (entry.get("prefixItems") or [{}])[0]
        return f"list of {f'{size} × ' if size else ''}{_kind(items)}"
    if kind == "object":
        inner = entry.get("additionalProperties")
        patterns = list(entry.get("patternProperties", {}).values())
        value = patterns[0] if patterns else inner
        return f"name → {_kind(value)}" if isinstance(value, dict) and value else "mapping"
    if kind == ["number", "string"]:
        return f"quantity{_limits(entry)}"
    return f"{kind or 'any'}{_limits(entry)}"


def _limits(entry: dict[str, Any]) -> str:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    found = [f"{sign} {entry[key]:.6g}" for key, sign in words.items() if key in entry]
    return f" {' and '.join(found)}" if found else ""


def _default(entry: dict[str, Any]) -> str:
    if "default" in entry:
        return "null" if entry["default"] is None else json.dumps(entry["default"])
    return "its own defaults" if "$ref" in entry else "{}"


def _plain(text: str) -> str:
    return " ".join(text.split())
