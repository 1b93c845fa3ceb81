"""Line files: what they mean, and what is said of those that are wrong."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from twincell.assets import line_path
from twincell.errors import AssetError, WorldError
from twincell.world.load import load_line
from twincell.world.schema import line_schema
from twincell.world.source import Source

TEXT = line_path("blade_line").read_text(encoding="utf-8")


def test_the_shipped_line_in_si() -> None:
    line = load_line("blade_line")
    assert line.length == 8 * 3600
    assert line.steps["scan"].on["scanner_2"] == 17 * 60
    assert line.stations["blender_1"].calendar[0].end == 4.5 * 3600
    assert line.orders["rush"].penalty == 200.0
    jsonschema.Draft202012Validator(line_schema()).validate(
        Source.read(line_path("blade_line")).value
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("uptime: 16 h", "uptime: 0 h", ("stations.scanner_1.uptime", "more than 0 s")),
        ("handler_1: 6 min, handler_2: 6 min}, power", "handlr_1: 6 min}, power",
         ("steps.load.on.handlr_1", "no station of this line", "'handler_1'")),
        ("family: fan, trays: 5", "family: fann, trays: 5",
         ("orders.airline.family", "given 'fann', no family of this line", "'fan'")),
        ("{compressor: 7 min}", "{compresor: 7 min}",
         ("setup.fan.compresor", "no family", "'compressor'")),
        ("arrives: 1 h, material: 2 h", "arrives: 3 h, material: 2 h",
         ("orders.spare_parts.material", "7200 s", "no earlier than it comes, 10800 s")),
        ("due: 3 h", "due: -3 h", ("orders.airline.due", "at least 0 s")),
        ("arrives: 1.5 h, due: 4.5 h", "arrives: 5 h, due: 4.5 h",
         ("orders.rush.due", "no earlier than it comes")),
        ("rework: 0.12, reject: 0.02", "rework: 0.12, reject: 0.92",
         ("steps.scan.inspects", "sum to 1.09", "at most 1")),
        ("start: 4 h, end: 4.5 h", "start: 4 h, end: 3.5 h",
         ("stations.blender_1.calendar[0].end", "after its start")),
        ("start: 3 h, price", "start: 0 h, price", ("tariff[1].start", "valid: rising")),
        ("rework: {on: {blender_1: 15 min, blender_2: 16 min}, power: 14 kW}", "",
         ("steps.scan.inspects.rework", "without a step `rework`")),
        ("holding: 6 EUR/h", "holding: 6 EUR/h\ncap: 10 kW",
         ("steps.blend.power", "14000 W", "at most the cap, 10000 W")),
        ("power: 2 kW", "power: 1 kw", ("steps.scan.power", "'1 kw'", "a number in W")),
        ("power: 2 kW", "power: 1 W", ("steps.scan.power", "given 1 W", "draws idle")),
        ("power: 2 kW", "power: -1", ("steps.scan.power", "-1", "at least 0 W")),
        ("power: 2 kW", "power: [1]", ("steps.scan.power", "[1]", "a number in W")),
        ("power: 2 kW", "power_on: {blender_1: 1 kW}",
         ("steps.scan.power_on.blender_1", "no station of `on`", "scanner_1")),
        ("uptime: 16 h", "uptime: 1 h",
         ("stations.scanner_1.uptime", "3600 s", "at least half the shift's length, 14400 s")),
        ("factor: 0.8", "factor: 1e308", ("families.compressor.factor", "1e+308")),
        ("margin: 600", "margin: 1e308", ("orders.airline.margin", "at most")),
        ("price: 180 EUR/MWh", "price: 1e300", ("tariff[1].price", "1e+300 EUR/MWh", "from -1")),
        ("rework: {on: {blender_1: 15 min, blender_2: 16 min}, power: 14 kW}", "rework: {}",
         ("rework.on", "missing", "Stations with the skill")),
        ("trays: 6", "trays: 150", ()),
        ("spread: 0.15", "spread: wide", ("spread", "'wide'")),
        ("holding: 6 EUR/h", "holdings: 6 EUR/h", ("holdings", "unknown key", "'holding'")),
    ],
)  # fmt: skip
def test_faults_name_file_line_key_and_what_is_valid(
    tmp_path: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    assert TEXT.count(old) >= 1
    path = tmp_path / "own.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    if not words:
        assert load_line(path).orders["engine_shop"].trays == 150
        return
    with pytest.raises(WorldError) as caught:
        load_line(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:")
    assert all(word in said for word in words), said


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    text = TEXT.replace("family: fan, trays: 5", "family: fann, trays: 5")
    path.write_text(text.replace("start: 4 h, end: 4.5 h", "start: 4 h, end: 1 h"))
    with pytest.raises(WorldError) as caught:
        load_line(path)
    assert len(str(caught.value).splitlines()) == 2


def test_too_many_trays_and_unknown_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(TEXT.replace("trays: 5", "trays: 200").replace("trays: 6", "trays: 200")
                    .replace("trays: 3", "trays: 200"))  # fmt: skip
    with pytest.raises(WorldError, match="given 602 trays; valid: at most 200"):
        load_line(path)
    with pytest.raises(AssetError, match="did you mean 'blade_line"):
        load_line("blade_lin")
    with pytest.raises(AssetError, match="no line file"):
        load_line(tmp_path / "elsewhere" / "blade_line.yaml")  # not the shipped one of that name
    with pytest.raises(AssetError, match="is a folder; valid: a line file"):
        load_line(tmp_path)
    with pytest.raises(AssetError, match="valid: a line file"):
        load_line("l" * 300)
