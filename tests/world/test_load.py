from __future__ import annotations

import dataclasses

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twincell.errors import AssetError, WorldError
from twincell.world.load import load_world, parse_world
from twincell.world.source import Source


def lines(path):
    with pytest.raises(WorldError) as caught:
        load_world(path)
    return str(caught.value).splitlines()


def test_the_shipped_world_in_si(shipped):
    world = load_world(shipped)
    assert world == load_world("blade_cell")
    assert world.inspection.speed == pytest.approx(0.025)
    assert world.inspection.views == pytest.approx((0.0, 3.141592653589793))
    assert world.blades["blade_4"].cracks[0].length == pytest.approx((0.008, 0.010))
    with pytest.raises(dataclasses.FrozenInstanceError):
        world.seed = 3


@pytest.mark.parametrize(
    ("old", "new", "line_of", "words"),
    [
        ("  speed: 25 mm/s", "  sped: 25 mm/s", "  sped:", ("inspection.sped", "'speed'")),
        ("clamp_time: 0.4 s", "clamp_time: 0.4 m", "clamp_time", ("fixture.clamp_time", "'0.4 m'",
         "valid: a number in s")),
        ("rate: 250 Hz", "rate: 900 rpm", "900", ("sensors.profiler.rate", "'rpm'", "in Hz")),
        ("seed: 7", "seed: lucky", "lucky", ("seed", "'lucky'", "integer")),
        ("rows: 4", "rows: 2.5", "rows: 2.5", ("racks.in_tray.rows", "2.5", "integer")),
        ("seed: 7", "seed: true", "seed: true", ("seed", "True", "integer")),
        ("240 Hz", "1 Hz", "1 Hz", ("physics_rate", "'1 Hz'", "at least 100 Hz")),
        ("240 Hz", "1 GHz", "1 GHz", ("physics_rate", "'1 GHz'", "at most 2000 Hz")),
        ("seed: 7", "state_rate: 1e-5", "state_rate", ("state_rate", "at least 10 Hz")),
        ("safety:\n", "safety:\n  heartbeat: 1e-9\n", "beat:", ("heartbeat", "at least 10 Hz")),
        ("home: [0.0]", "home: 0.0", "home: 0.0", ("arms.table.home", "a list")),
        ("\nhandler: handler", "", "name:", ("handler: missing", "moves blades")),
        ("role: accept", "role: acept", "acept", ("racks.accept.role", "did you mean 'accept'")),
        ("kind: lidar", "kind: lidr", "lidr", ("sensors.lidar_east.kind", "did you mean 'lidar'")),
        ("kind: lidar", "rings: 16", "lidar_east:", ("sensors.lidar_east.kind", "missing")),
        ("kind: rush_order", "kind: rush", "rush", ("disruptions[0].kind", "rush_order")),
        ("priority: <#>}}", "prio: 5.0}}", "prio:", ("parameters", "'prio'", "'priority'")),
        ("parameters: {due: <#>", "parameters: {due: 80 mm", "80 mm",
         ("parameters", "'due'", "'mm'")),
        ("at: <#> s, subject: order_b", "subject: order_b", "rush_order",
         ("disruptions[0]", "none of them", "one of `at`, `when`, `rate`")),
        ("at: <#> s, subject: order_b", "at: 3 s, rate: 1 Hz, subject: order_b", "rush_order",
         ("disruptions[0]", "at and rate", "one of `at`, `when`, `rate`")),
        ("at: <#> s, subject: order_b", "when: {event: acepted}, subject: order_b", "acepted",
         ("disruptions[0].when.event", "did you mean 'accepted'")),
        ("at: <#> s, subject: order_b", "at: 3 s, chance: 1.5, subject: order_b", "chance: 1.5",
         ("disruptions[0].chance", "1.5", "less than or equal to 1")),
        ("at: <#> s, subject: order_b", "at: -3 s, subject: order_b", "-3 s",
         ("disruptions[0].at", "at least 0 s")),
        ("operator: {", "operator: soon\nx: {", "soon", ("operator", "mapping", "reset_delay")),
        ("blade_1: {}", "Blade-1: {}", "Blade-1", ("blades.Blade-1", "lower-case")),
        ("force: 60 N", "force: -60 N", "-60", ("gripper.force", "more than 0 N")),
        ("size: [8.0", "size: [.inf", ".inf", ("furniture.floor.size", "finite")),
        ("efficiency: 0.6", "efficiency: 60", "efficiency: 60", ("power.efficiency", "60", "1")),
        ("category: 1}", "category: 3}", "category: 3", ("emergency_button.category", "3", "2")),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_line_key_given_and_valid(mutated, old, new, line_of, words):
    path = mutated((old, new))
    found = lines(path)
    number = next(i for i, text in enumerate(path.read_text().splitlines(), 1) if line_of in text)
    fault = next(f for f in found if words[0] in f)
    assert fault.startswith(f"{path}:{number}: ")
    assert all(word in fault for word in words), fault


def test_all_faults_come_at_once_in_the_order_of_the_file(mutated):
    path = mutated(("seed: 7", "seed: -1"), ("rows: 4", "rowz: 4"), ("rate: 1 Hz", "rate: 2 m"))
    found = lines(path)
    assert [f.split(": ")[1] for f in found] == [
        "seed",
        "racks.in_tray.rowz",
        "sensors.camera.rate",
    ]


def leaves(value, loc=()):
    """Every mapping of the shipped world that has a fixed set of keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*loc, key)
            yield from leaves(item, (*loc, key))
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, (*loc, i))


FREE = {"arms", "racks", "furniture", "zones", "sensors", "blades", "orders", "rules"}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_misspelt_key_is_named(shipped, data):
    source = Source.read(shipped)
    keys = [k for k in leaves(source.value) if len(k) < 2 or k[-2] not in FREE]
    loc = data.draw(st.sampled_from(keys))
    i = data.draw(st.integers(0, len(loc[-1])))
    wrong = loc[-1][:i] + "q" + loc[-1][i:]
    value = yaml.safe_load(yaml.safe_dump(source.value))
    parent = value
    for item in loc[:-1]:
        parent = parent[item]
    parent[wrong] = parent.pop(loc[-1])
    with pytest.raises(WorldError) as caught:
        parse_world(dataclasses.replace(source, value=value))
    found = str(caught.value).splitlines()
    if loc[-1] == "kind" and len(loc) > 2 and loc[0] == "sensors":  # all else depends on it
        assert any("kind: missing" in fault for fault in found)
        return
    named = next(fault for fault in found if wrong in fault)
    assert "unknown" in named
    assert loc[-1] in named  # as what was meant, or in the list of what is valid


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"# nothing\n", "empty"),
        (b"\xff\xfe\x00\x01", "not a text file"),
        (b"\x7fELF\x02\x01\x00", "not YAML"),
        (b"- 1\n- 2\n", "valid: a mapping"),
        (b"just words\n", "valid: a mapping"),
        (b"name: {\n", "not YAML"),
        (b"name: a\nname: b\n", ":2: name: given twice, first on line 1"),
        (b"a: {b: 1,\n b: 2}\n", ":2: a.b: given twice"),
        (b"1: a\n", "no name"),
        (b"a: &a [*a]\n", "contains itself"),
        (b"name: !!python/object/apply:os.getcwd []\n", "not YAML"),
        (b"a: 1\n---\nb: 2\n", "not YAML"),
    ],
)
def test_what_is_no_world_is_told_so(tmp_path, data, words):
    path = tmp_path / "bad.yaml"
    path.write_bytes(data)
    found = lines(path)
    assert any(words in fault for fault in found), found
    assert all(fault.startswith(str(path)) for fault in found)


def test_aliases_that_multiply_end_quickly(tmp_path):
    rows = ["a0: &a0 [1, 1]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]"
                                 for i in range(1, 12)]  # fmt: skip
    path = tmp_path / "laughs.yaml"
    path.write_text("\n".join(rows))
    assert any("a0: unknown key" in fault for fault in lines(path))


def test_yaml_is_read_by_version_1_2(mutated):
    world = load_world(
        mutated(("rate: 250 Hz", "rate: 250 Hz\n    noise: 4e-6"), ("  blade_1:", "  no:"))
    )
    assert world.profilers()["profiler"].noise == 4e-6
    assert "no" in world.blades


def test_merge_keys_and_anchors_work(mutated):
    anchor = ("  blade_1: {}", "  blade_1: &plain {slot: 7}")
    alias = ("  blade_3: {}", "  blade_3: {<<: *plain, slot: 5}")
    world = load_world(mutated(anchor, alias))
    assert (world.blades["blade_1"].slot, world.blades["blade_3"].slot) == (7, 5)


def test_no_such_file_says_what_there_is():
    with pytest.raises(AssetError, match="blade_cell"):
        load_world("blade_sell")


def test_a_key_given_twice_in_what_is_merged_is_a_fault(mutated):
    path = mutated(("seed: 7", "<<: {seed: 1, seed: 2}"))
    assert lines(path) == [f"{path}:5: seed: given twice, first on line 5"]
    path = mutated(("seed: 7", "<<: [{seed: 1}, {rate: 1, rate: 2}]"))
    assert lines(path) == [f"{path}:5: rate: given twice, first on line 5"]
    path = mutated(("seed: 7", "<<: [{seed: 1}, {state_rate: 60 Hz}]"))
    world = load_world(path)
    assert (world.seed, world.state_rate) == (1, 60.0)
