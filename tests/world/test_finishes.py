from __future__ import annotations

import pytest

from twincell.errors import WorldError
from twincell.world.check import faults
from twincell.world.finishes import Coating, OilFilm, Stain
from twincell.world.load import load_world


def test_a_finish_is_read_with_its_units(mutated):
    path = mutated(
        (
            "part:\n  material: titanium",
            "part:\n  finish: [{kind: coating, grain: 1.5 mm}]\n  material: titanium",
        ),
        (
            "blade_1: {}",
            """blade_1: {finish: [
    {kind: oil_film, at: {side: suction, span: 50 %}, thickness: 20 um},
    {kind: stain, width: [0.1 mm, 0.3 mm], blue: 0.4}]}""",
        ),
    )
    world = load_world(path)
    assert faults(world, path) == []
    (coating,) = world.part.finish
    assert isinstance(coating, Coating)
    assert coating.grain == pytest.approx(0.0015)
    oil, stain = world.blades["blade_1"].finish
    assert isinstance(oil, OilFilm)
    assert isinstance(stain, Stain)
    assert oil.thickness == pytest.approx((2e-5, 2e-5))
    assert (oil.at.side, oil.at.span) == ("suction", (0.5, 0.5))
    assert stain.width == pytest.approx((1e-4, 3e-4))
    assert world.blades["blade_2"].finish == ()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{kind: rust}", ("blade_1", "finish", "coating", "stain")),
        ("{kind: stain, width: 3 kg}", ("blade_1", "finish", "width", "'kg'")),
        ("{kind: stain, blue: 1.5}", ("blade_1", "finish", "blue", "at most 1")),
        ("{kind: penetrant, at: {}}", ("blade_1", "finish", "at")),
    ],
)
def test_a_wrong_finish_is_named_with_its_key(mutated, entry: str, words: tuple[str, ...]):
    path = mutated(("blade_1: {}", f"blade_1: {{finish: [{entry}]}}"))
    with pytest.raises(WorldError) as caught:
        load_world(path)
    text = str(caught.value)
    assert all(word in text for word in words), text
    assert f"{path}:" in text


def test_ultraviolet_and_effects_of_a_camera_are_read(mutated):
    path = mutated(
        ("    rate: 1 Hz\n", "    rate: 1 Hz\n    ultraviolet: {excitation: 0.365 um}\n")
    )
    camera = load_world(path).cameras()["camera"]
    assert camera.ultraviolet is not None
    assert camera.ultraviolet.excitation == pytest.approx(365.0)
    assert camera.effects.footprint
    assert camera.effects.distortion
