"""A study is the same however it is carried out, and loses nothing when it is cut off."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from twincell.assets import world_path
from twincell.cli import app
from twincell.errors import StudyError
from twincell.geometry.catalogue import nominal, part_digest
from twincell.geometry.flaws import cut
from twincell.report.pod_picture import pod_picture
from twincell.study.campaign import TRIALS, carry_out
from twincell.study.curve import curve, misses_by
from twincell.study.design import Case, Design, cracks_of
from twincell.study.passes import passes
from twincell.study.trial import FlawRow, Trial, covered
from twincell.world.load import load_world

PATH = world_path("blade_cell")
GROUND = Case("titanium", "ground", "imperfect")
SMALL = Design("blade_cell", 5, (GROUND,), flaws=3, per_blade=3, free=1, lengths=(0.001, 0.003))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Trial, ...]]:
    out = tmp_path_factory.mktemp("study")
    return out, carry_out(SMALL, PATH, out, workers=1)


def test_long_cracks_are_found_and_a_sound_blade_is_accepted(
    done: tuple[Path, tuple[Trial, ...]],
) -> None:
    cut_, free = done[1]
    assert [len(cut_.flaws), len(free.flaws)] == [3, 0]
    for flaw in cut_.flaws:
        assert flaw.found == (flaw.measured > 0)
        # a narrow crack along the laser line may lie between two lines
        assert flaw.found or flaw.length < 0.0015 or flaw.angle < 0.3
    assert free.false == free.alarms == 0
    assert free.decision == "accept"


def test_a_study_cut_off_goes_on_to_the_same_rows(
    done: tuple[Path, tuple[Trial, ...]], tmp_path: Path
) -> None:
    whole = (done[0] / TRIALS).read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / TRIALS).write_text(whole[0] + whole[1] + whole[2][:25], encoding="utf-8")
    told = []
    trials = carry_out(SMALL, PATH, tmp_path, 1, lambda n, of: told.append((n, of)))
    assert trials == done[1]
    assert told == [(1, 2), (2, 2)]
    assert (tmp_path / TRIALS).read_text(encoding="utf-8") == "".join(whole)


def test_processes_give_the_rows_of_one(
    done: tuple[Path, tuple[Trial, ...]], tmp_path: Path
) -> None:
    assert carry_out(SMALL, PATH, tmp_path, workers=2) == done[1]


def test_another_study_in_the_folder_is_left_alone(
    done: tuple[Path, tuple[Trial, ...]],
) -> None:
    before = (done[0] / TRIALS).read_bytes()
    with pytest.raises(StudyError, match=r"flaws: given: 4, there: 3"):
        carry_out(replace(SMALL, flaws=4), PATH, done[0], 1)
    assert (done[0] / TRIALS).read_bytes() == before


@pytest.mark.parametrize(
    ("lines", "says"),
    [(["no json"], "line 1"), (None, "line 2: given: no trial")],
    ids=["design", "trial"],
)
def test_a_file_that_is_no_study_says_where(
    done: tuple[Path, tuple[Trial, ...]], tmp_path: Path, lines: list[str] | None, says: str
) -> None:
    first = (done[0] / TRIALS).read_text(encoding="utf-8").splitlines()[0]
    text = "\n".join(lines or [first, '{"case": 1}', ""])
    (tmp_path / TRIALS).write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=says):
        carry_out(SMALL, PATH, tmp_path, 1)


def test_cracks_are_the_same_for_every_case_and_drawn_evenly_in_the_logarithm() -> None:
    design = Design("w", 1, (GROUND,), flaws=400, lengths=(0.0002, 0.003))
    lengths = [c.length[0] for b in range(design.blades) for c in cracks_of(design, b)]
    assert len(lengths) == 400
    share = np.log(np.array(lengths) / 0.0002) / np.log(15)
    # Kolmogorov's 99.9 % limit for 400 draws
    gap = np.abs(np.sort(share) - (np.arange(400) + 0.5) / 400).max()
    assert gap < 1.95 / np.sqrt(400)
    assert cracks_of(design, 7) == cracks_of(replace(design, cases=(GROUND,) * 1), 7)


def test_a_film_narrows_a_crack_and_closes_a_narrow_one() -> None:
    """A V of opening w and depth d that a film t lines is a V of w - 2t and d (w - 2t) / w."""
    world = load_world(PATH)
    model = nominal(world.part, PATH.parent)
    crack = replace(cracks_of(SMALL, 0)[0], length=(0.004, 0.004), opening=(1e-4, 1e-4))
    bare = cut(model, (crack,), np.random.default_rng(0))
    removed = model.mesh.volume - bare.mesh.volume
    filmed = model.mesh.volume - covered(bare, model, 2e-5).mesh.volume
    # opening and depth both to 60 %: the cross-section to 36 %
    assert filmed / removed == pytest.approx(0.36, rel=0.03)
    assert covered(bare, model, 5e-5).mesh.volume == pytest.approx(model.mesh.volume, rel=1e-12)
    assert covered(bare, model, 5e-5).flaws == bare.flaws


def test_passes_lead_the_standoff_past_the_whole_airfoil() -> None:
    world = load_world(PATH)
    model = nominal(world.part, PATH.parent)
    views = passes(world, model, 0.5)
    assert len(views) == len(world.inspection.views)
    spec = world.profilers()[world.inspection.profiler]
    step = world.inspection.speed / spec.rate
    for view in views:
        z = np.array([s.p[2] for s in view.in_part])
        assert z[0] < model.airfoil[0] < model.airfoil[1] < z[-1] + step
        assert np.diff(z) == pytest.approx(step)
        # the sensor looks at the part's axis from the standoff
        ahead = view.in_part[0].apply(np.array([0.0, 0.0, spec.standoff]))
        assert np.hypot(*ahead[:2]) < 1e-9
    look = [v.in_part[0].rotate(np.array([0.0, 0.0, 1.0])) for v in views]
    assert look[0] @ look[1] == pytest.approx(-1.0, abs=1e-4)


def row(length: float, found: bool, angle: float = 1.0) -> FlawRow:
    return FlawRow(length, 5e-5, length / 2, "suction", angle, 0.1, 0.5, found, length, found)


def test_a_curve_counts_what_the_trials_say() -> None:
    rng = np.random.default_rng(2)
    lengths = np.exp(rng.uniform(np.log(2e-4), np.log(3e-3), 200))
    found = rng.random(200) < 1 / (1 + (5e-4 / lengths) ** 5)
    trials = [
        Trial("c", i, (row(a, bool(y)),), 0, 0, "rework")
        for i, (a, y) in enumerate(zip(lengths, found, strict=True))
    ]
    trials += [Trial("c", 200 + i, (), int(i == 3), 0, "accept") for i in range(50)]
    figures = curve("c", trials).to_dict()
    assert figures["a50"] == pytest.approx(5e-4, rel=0.15)
    assert figures["a50"] < figures["a90"] < figures["a90_95"]
    assert figures["found"] == found.sum()
    assert figures["false_calls_per_blade"] == pytest.approx(1 / 250)
    assert figures["false_calls_per_blade_95"][1] == pytest.approx(5.572 / 250, rel=1e-3)
    assert sum(n for *_, n in curve("c", trials).bins) == 200
    with pytest.raises(StudyError, match="case 'd'"):
        curve("d", trials)


def test_sizes_beyond_those_that_were_cut_are_not_told() -> None:
    rng = np.random.default_rng(4)
    lengths = np.exp(rng.uniform(np.log(2e-4), np.log(6e-4), 200))
    found = rng.random(200) < 1 / (1 + (5e-4 / lengths) ** 3)
    rows = zip(lengths, found, strict=True)
    trials = [Trial("c", i, (row(a, bool(y)),), 0, 0, "accept") for i, (a, y) in enumerate(rows)]
    figures = curve("c", trials).to_dict()
    assert figures["a50"] == pytest.approx(5e-4, rel=0.2)
    assert figures["a90"] is None
    assert figures["a90_95"] is None


def test_misses_are_counted_where_they_lie() -> None:
    rows = [row(1e-3, False, angle=np.radians(4)), row(1e-3, True), row(1e-4, False)]
    groups = misses_by(rows, 5e-4)
    first = groups[0]
    assert (first["from"], first["to"], first["found"], first["of"]) == (0, 10, 0, 1)
    assert sum(g["of"] for g in groups if g["what"].startswith("angle")) == 2


def test_the_command_gives_rows_curve_and_picture(tmp_path: Path) -> None:
    out = tmp_path / "pod"
    words = ["pod", "--flaws", "2", "--free", "0", "--workers", "1", "--case", GROUND.name]
    result = CliRunner().invoke(app, [*words, "--out", str(out), "--json"])
    assert result.exit_code == 0, result.stderr
    data = json.loads(result.stdout)
    assert {"a50", "a90", "a90_95", "false_calls_per_blade"} <= data.keys()
    assert (out / "pod.png").read_bytes().startswith(b"\x89PNG")
    with (out / "flaws.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--case", "titan/ground/world"], "did you mean 'titanium'"),
        (["--case", "titanium/ground"], "MATERIAL/SURFACE/SENSOR"),
        (["--case", "titanium/polish/world"], "did you mean 'polished'"),
        (["--opening", "5 s"], "--opening '5 s'"),
        (["--lengths", "3 mm", "1 mm"], "lengths"),
        (["--world", "blade_sell"], "blade_cell"),
    ],
)
def test_bad_words_say_what_is_valid(words: list[str], says: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["pod", *words, "--out", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())
    assert not (tmp_path / "x").exists()


def test_sizes_below_those_that_were_cut_are_not_told_either(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    lengths = np.exp(rng.uniform(np.log(2e-4), np.log(3e-3), 300))
    found = rng.random(300) < 1 / (1 + (6e-5 / lengths) ** 2)
    rows = zip(lengths, found, strict=True)
    trials = [Trial("c", i, (row(a, bool(y)),), 0, 0, "accept") for i, (a, y) in enumerate(rows)]
    made = curve("c", trials)
    figures = made.to_dict()
    assert made.model is not None
    assert made.model.size_at(0.5) < lengths.min() < made.model.upper_size(0.9, 0.95)
    assert figures["a50"] is None
    assert lengths.min() < figures["a90_95"] < lengths.max()
    assert pod_picture([made], 5e-5, "$a$ study_of $^$").startswith(b"\x89PNG")


def test_a_study_does_not_go_on_with_another_mesh(
    done: tuple[Path, tuple[Trial, ...]], tmp_path: Path
) -> None:
    """The world names the mesh; its text is the same whatever lies in that file."""
    cell = nominal(load_world(PATH).part, PATH.parent)
    mesh, world = tmp_path / "blade.stl", tmp_path / "cell.yaml"
    cell.mesh.export(mesh)
    text, number = re.subn(
        r"(?m)^part:\n", f"part:\n  mesh: {mesh}\n", PATH.read_text(encoding="utf-8")
    )
    assert number == 1
    world.write_text(text, encoding="utf-8")
    rows = (done[0] / TRIALS).read_text(encoding="utf-8").splitlines(keepends=True)
    head = json.loads(rows[0])
    part = part_digest(load_world(world).part, tmp_path)
    head |= {"world_file": text, "part": part}
    (tmp_path / TRIALS).write_text(json.dumps(head) + "\n" + rows[1] + rows[2], encoding="utf-8")
    assert carry_out(SMALL, world, tmp_path, 1) == done[1]
    thicker = cell.mesh.copy()
    thicker.apply_scale((1.0, 1.3, 1.0))
    thicker.export(mesh)
    with pytest.raises(StudyError, match="mesh of its part: has changed"):
        carry_out(SMALL, world, tmp_path, 1)


def test_a_world_with_a_fault_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    text = PATH.read_text(encoding="utf-8")
    assert text.count("\n  profiler: profiler\n") == 1
    world = tmp_path / "cell.yaml"
    world.write_text(text.replace("  profiler: profiler\n", "  profiler: profilr\n"), "utf-8")
    result = CliRunner().invoke(app, ["pod", "--world", str(world), "--out", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert "did you mean 'profiler'" in " ".join(result.stderr.split())
    assert not (tmp_path / "x").exists()


def test_a_study_that_is_no_text_says_where(tmp_path: Path) -> None:
    (tmp_path / TRIALS).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match=r"trials\.jsonl: line 1"):
        carry_out(SMALL, PATH, tmp_path, 1)
