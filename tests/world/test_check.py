from __future__ import annotations

import pytest

from twincell.world.check import faults
from twincell.world.load import load_world


def found(path):
    return faults(load_world(path), path)


def test_the_shipped_world_has_no_fault(shipped):
    assert found(shipped) == []
    assert faults(load_world(shipped), None) == []


RUSH = "kind: rush_order, at: <#> s, subject: order_b, parameters: {due: <#>, priority: <#>}"

CASES = [
    ("handler: handler", "handler: handlr", ("handler: given 'handlr'", "did you mean 'handler'")),
    ("\nhandler: handler", "\nhandler: inspector", ("no gripper", "`gripper` (handler)")),
    ("  arm: table", "  arm: tabel", ("fixture.arm", "did you mean 'table'")),
    ("  arm: table", "  arm: handler", ("fixture.arm", "another arm")),
    ("open: 78 mm", "open: 20 mm", ("gripper.open", "24 mm")),
    ("  arm: inspector\n", "  arm: inspektor\n", ("inspection.arm", "did you mean 'inspector'")),
    ("  profiler: profiler", "  profiler: camera", ("inspection.profiler", "valid: profiler")),
    ("{arm: inspector, link: profiler_optical", "{arm: table, link: profiler_optical",
     ("inspection.profiler", "mounted on 'table'", "on 'inspector'")),
    ("  camera: camera", "  camera: profiler", ("inspection.camera", "valid: camera")),
    ("{arm: inspector, link: camera_optical", "{arm: table",
     ("inspection.camera", "mounted on 'table'", "on 'inspector'")),
    ("{arm: inspector, link: camera_optical", "{arm: inspecter, link: camera_optical",
     ("sensors.camera.mount.arm", "did you mean 'inspector'")),
    ("{arm: inspector, link: camera_optical", "{link: camera_optical",
     ("sensors.camera.mount.link", "without `arm`")),
    ("rate: 250 Hz", "depth: 400 mm", ("sensors.profiler.depth", "twice the standoff")),
    ("    kind: lidar", "    kind: lidar\n    reach: [5 m, 1 m]", ("sensors.lidar_east.reach",)),
    ("views: [0 deg, 180 deg]", "views: []", ("inspection.views", "at least one")),
    ("role: rework", "role: accept", ("no rack has the role 'rework'",)),
    ("rows: 4, columns: 2", "rows: 2, columns: 2", ("racks.in_tray", "4 pockets", "6 blades")),
    ("pitch: [0.085, 0.085]", "pitch: [0.05, 0.085]", ("racks.in_tray.pitch", "along x")),
    ("rows: 2, columns: 2", "rows: 2, columns: 2, pitch: [30 mm, 0.1]}\n  # {", ("rework.pitch",)),
    ("pitch: [0.085, 0.085]", "pitch: [65 mm, 0.085]",
     ("racks.in_tray.pitch", "given 65 mm along x", "at least 66 mm")),
    ("  handler:\n", "  cell:\n", ("arms.cell", "scope of a stop", "another name")),
    ("  handler:\n", "  visitor:\n", ("arms.visitor", "bodies", "another name")),
    ("  camera:\n", "  orchestrator:\n", ("sensors.orchestrator", "another node")),
    ("  camera:\n", "  safety_supervisor:\n", ("sensors.safety_supervisor", "another node")),
    ("\n  material: titanium", "\n  material: unobtanium",
     ("part.material", "no optical material")),
    ("\n  material: titanium", "\n  material: titanum", ("did you mean 'titanium'",)),
    ("blade_1: {}", "blade_1: {finish: [{kind: coating, material: gold}]}",
     ("blades.blade_1.finish[0].material", "given 'gold'")),
    ("material: concrete", "material: concret", ("did you mean 'concrete'", "furniture.")),
    ("seed: 7", "state_rate: 1 kHz", ("state_rate", "at most `physics_rate`, 240 Hz")),
    ("safety:\n", "safety:\n  heartbeat: 300 Hz\n", ("safety.heartbeat", "at most `physics_rate`")),
    ("safety:\n", "safety:\n  lease: 0\n", ("safety.lease", "more than one beat", "0.0125 s")),
    ("safety:\n", "safety:\n  patience: 10 ms\n", ("safety.patience", "more than one beat")),
    ("[[3.0, -2.6], [4.4, -2.6], [4.4, 2.6], [3.0, 2.6]]", "[[3.0, -2.6], [4.4, -2.6], [5, -2.6]]",
     ("zones.walkway.polygon", "around 0 m^2")),
    ("blade_1: {}", "blade_1: {slot: 9}", ("blades.blade_1.slot", "0 to 7")),
    ("blade_1: {}\n", "blade_1: {slot: 2}\n  x1: {slot: 2}\n", ("taken by 'blade_1'",)),
    ("[blade_1, blade_2, blade_3]", "[blade_1, blade_2, blade_33]",
     ("orders.order_a.parts[2]", "'blade_33'", "did you mean 'blade_3")),
    ("[blade_1, blade_2, blade_3]", "[blade_1, blade_2, blade_4, blade_3]",
     ("'blade_4' is in 'order_a' already",)),
    ("[blade_1, blade_2, blade_3]", "[blade_1, blade_2]", ("blades.blade_3: in no order",)),
    ("due: 110 s", "due: 1e9 s", ("order_a.due", "given 1000000000.0 s; valid: at most 1e+07 s")),
    ("price: 82 EUR/MWh", "price: -2e6 EUR/MWh",
     ("tariff[0].price", "valid: from -1e+06 to 1e+06 EUR/MWh")),
    ("subject: order_b", "subject: order_c", ("disruptions[0].subject", "did you mean 'order_")),
    ("kind: rush_order, at: <#> s, subject: order_b, parameters: {due: <#>, priority: <#>}",
     "kind: sensor_blackout, at: 30 s, subject: camera, parameters: {until: 20 s}",
     ("disruptions[0].parameters.until", "after `at`, 30 s")),
    (RUSH, "kind: tool_lost, at: 1 s, subject: table, parameters: {lasts: 5 s}",
     ("disruptions[0].subject", "no tool of this world", "handler, inspector")),
    (RUSH, "kind: energy_cap, at: 1 s, parameters: {power: 200 W, lasts: 5 s}",
     ("disruptions[0].parameters.power", "at rest, 270 W")),
    (RUSH, "kind: rush_order, at: 90 s, subject: order_b, parameters: {due: 80 s}",
     ("disruptions[0].parameters.due", "after `at`, 90 s")),
    (RUSH, "kind: arm_failed, rate: 0.01 Hz, subject: handler, parameters: {until: 80 s}",
     ("disruptions[0].parameters.until", "`lasts`")),
    (RUSH, "kind: recall, when: {event: accepted, subject: blade_9}, subject: order_a",
     ("disruptions[0].when.subject", "did you mean 'blade_")),
    (RUSH, "kind: recall, when: {event: planned, subject: three}, subject: order_a",
     ("disruptions[0].when.subject", "plan-1")),
    (RUSH, "kind: recall, when: {event: stopped, subject: person}, subject: order_a",
     ("disruptions[0].when.subject", "'person_in_zone'")),
    ("{start: 0 s, price: 82", "{start: 1 s, price: 82", ("tariff[0].start", "starts at 0")),
    ("{start: 120 s", "{start: 50 s", ("tariff[2].start", "rising")),
    ("reject: 4 mm", "reject: 0.2 mm", ("criteria.reject", "`report`, 0.3 mm")),
    ("critical: 7 mm", "critical: 3 mm", ("criteria.critical", "`reject`, 4 mm")),
    ("[[3.0, -2.6], [4.4, -2.6], [4.4, 2.6], [3.0, 2.6]]", "[[3.0, -2.6], [4.4, -2.6]]",
     ("zones.walkway.polygon", "2 corners")),
    ("[[3.0, -2.6], [4.4, -2.6], [4.4, 2.6], [3.0, 2.6]]",
     "[[3.0, -2.6], [4.4, 2.6], [4.4, -2.6], [3.0, 2.6]]", ("zones.walkway.polygon", "cross")),
    ("    mover_fault: {function: protective, category: 1}\n", "", ("no rule for 'mover_fault'",)),
    ("mover_fault:", "mover_falt:", ("did you mean 'mover_fault'",)),
    ("scope: inspector", "scope: inspectr", ("critical_anomaly.scope", "did you mean 'inspector'")),
    ("emergency, category: 1", "emergency, category: 2", ("emergency_button.category", "0 or 1")),
    ("urdf/ur10_robot.urdf", "urdf/ur11_robot.urdf", ("arms.inspector.urdf", "no file")),
    ("package://example-robot-data/robots/panda", "package://example-robot-dat/robots/panda",
     ("arms.handler.urdf", "'example-robot-dat' is not installed", "did you mean")),
    ("urdf/sensor_head.urdf", "urdf/sensor_hed.urdf", ("arms.inspector.tool.urdf", "no file")),
    ("  material: titanium", "  mesh: blades/none.stl", ("part.mesh", "blades/none.stl")),
    ("  path: [[3.6, -2.2], [3.5, -0.6], [2.75, -0.3], [2.3, -0.2]]", "  path: [[3.6, -2.2]]",
     ("visitor.path", "at least 2")),
    # in_tray pushed under the rotary table: both are named
    ("in_tray, place: {xyz: [<#>, <#>, <#>]", "in_tray, place: {xyz: [0.55, -0.05, 0.72]",
     ("racks.in_tray", "arms.table", "overlap by")),
    ("role: rework, place: {xyz: [<#>, <#>, <#>]", "role: rework, place: {xyz: [0.30, 0.42, 0.72]",
     ("racks.accept", "racks.rework", "overlap by")),
    ("size: [0.4, 0.8, 1.8], place: {xyz: [<#>, <#>, <#>]}",
     "size: [0.4, 0.8, 1.8], place: {xyz: [0.2, 0.4, 0.90]}",
     ("furniture.cabinet", "furniture.bench", "overlap by")),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), CASES, ids=[c[1][:40].strip() for c in CASES])
def test_each_fault_is_named_with_its_file_and_line(mutated, old, new, words):
    path = mutated((old, new))
    named = [fault for fault in found(path) if all(word in fault for word in words)]
    assert named, found(path)
    assert all(fault.startswith(f"{path}:") for fault in named)
    assert all(fault.split(":")[1].isdigit() for fault in named)


def test_bins_hold_what_will_go_there(mutated):
    small = ("rows: 2, columns: 2, pitch: [0.085, 0.085]}\n\n", "rows: 1, columns: 1}\n\n")
    path = mutated(small)
    assert any("racks.reject: given 1 pockets" in f and "at least 2" in f for f in found(path))


def test_a_mesh_that_a_urdf_names_must_exist(mutated, tmp_path):
    (tmp_path / "lamp.urdf").write_text(
        "<robot name='lamp'><link name='foot'><visual><geometry><mesh filename='foot.stl'/>"
        "</geometry></visual></link></robot>"
    )
    path = mutated(("urdf/rotary_table.urdf", "lamp.urdf"))
    assert any("arms.table.urdf" in f and "'lamp.urdf'" in f and "foot.stl" in f
               for f in found(path))  # fmt: skip


def test_a_urdf_in_its_own_package_has_its_meshes_there(mutated, tmp_path):
    package = tmp_path / "my_table"
    (package / "urdf").mkdir(parents=True)
    (package / "meshes").mkdir()
    (package / "meshes" / "foot.stl").write_text("solid\nendsolid\n")
    (package / "urdf" / "table.urdf").write_text(
        "<robot name='t'><link name='foot'><visual><geometry>"
        "<mesh filename='package://my_table/meshes/foot.stl'/></geometry></visual></link></robot>"
    )
    path = mutated(("urdf/rotary_table.urdf", "my_table/urdf/table.urdf"))
    assert found(path) == []
    (package / "meshes" / "foot.stl").unlink()
    assert any("arms.table.urdf" in f and "'my_table'" in f for f in found(path))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('"~nosuchuser/x.urdf"', "no file '~nosuchuser/x.urdf'"),
        ("a" * 5000, "File name too long; valid: a path"),
        ('""', "is a folder; valid: a path to a file"),
        (".", "is a folder; valid: a path to a file"),
    ],
)
def test_what_is_no_path_is_told_so(mutated, given, words):
    path = mutated(("urdf: urdf/rotary_table.urdf", f"urdf: {given}"))
    (fault,) = found(path)
    assert "arms.table.urdf: no file" in fault
    assert words in fault
    assert "did you mean" not in fault


def test_what_is_no_urdf_is_told_so(mutated, tmp_path):
    (tmp_path / "bad.urdf").write_text("<robot")
    path = mutated(("urdf/rotary_table.urdf", "bad.urdf"))
    assert any("not XML" in fault for fault in found(path))
