from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from twincell.world.schema import json_schema, line_schema, reference, schema_text
from twincell.world.source import Source

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


def test_the_schema_accepts_the_shipped_world(validator, shipped):
    validator.validate(Source.read(shipped).value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  speed: 25 mm/s", "  sped: 25 mm/s"),
        ("role: accept", "role: acept"),
        ("seed: 7", "seed: lucky"),
        ("\nhandler: handler", ""),
        ("xyz: [0.0, 0.0, 0.70]", "xyz: [0.0, 0.70]"),
        ("rate: 1 Hz", "rate: -2"),
        ("kind: lidar", "kind: lidr"),
        ("blade_1:", "Blade-1:"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(validator, mutated, old, new):
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(Source.read(mutated((old, new))).value)


def test_the_written_files_are_up_to_date():
    for file, schema in (("world", json_schema()), ("lines/line", line_schema())):
        path = ROOT / "worlds" / f"{file}.schema.json"
        assert path.read_text(encoding="utf-8") == schema_text(schema)
    assert (ROOT / "docs" / "world.md").read_text(encoding="utf-8") == reference()


@pytest.mark.parametrize("schema", [json_schema(), line_schema()], ids=["world", "line"])
def test_every_key_has_a_meaning(schema):
    for name, section in {"(whole file)": schema, **schema["$defs"]}.items():
        for key, entry in section["properties"].items():
            if key != "kind":
                assert entry.get("description"), f"{name}.{key}"
    assert json.loads(schema_text(schema)) == schema
