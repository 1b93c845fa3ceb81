from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from twincell.assets import cache_dir
from twincell.geometry import catalogue
from twincell.geometry.catalogue import blade_of
from twincell.world.blades import Blade, BladeShape, Crack, Part

PART = Part(shape=BladeShape(edge=0.003))
CRACKED = Blade(cracks=(Crack(length=(0.004, 0.006), opening=(2e-4, 2e-4), depth=(5e-4, 5e-4)),))


def digest(seed: int) -> bytes:
    return blade_of(PART, "b", CRACKED, seed, Path()).mesh.vertices.tobytes()


def test_a_blade_from_disk_is_the_blade_that_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = blade_of(PART, "b", CRACKED, 1, Path())
    monkeypatch.setattr(catalogue, "cut", None)  # whatever would cut again fails
    read = blade_of(PART, "b", CRACKED, 1, Path())
    assert np.array_equal(made.mesh.vertices, read.mesh.vertices)
    assert np.array_equal(made.mesh.faces, read.mesh.faces)
    assert made.flaws[0].length == read.flaws[0].length
    assert made.flaws[0].side == read.flaws[0].side
    assert np.array_equal(made.flaws[0].path, read.flaws[0].path)


def test_seed_and_name_both_change_the_blade() -> None:
    one = blade_of(PART, "b", CRACKED, 1, Path()).flaws[0].length
    assert blade_of(PART, "b", CRACKED, 2, Path()).flaws[0].length != one
    assert blade_of(PART, "c", CRACKED, 1, Path()).flaws[0].length != one


def test_a_damaged_file_is_made_again() -> None:
    before = digest(1)
    (file,) = (cache_dir() / "blades").glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    assert digest(1) == before


def test_several_processes_at_once_agree() -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert len(set(pool.map(digest, [4, 4, 4, 4]))) == 1
    assert not list((cache_dir() / "blades").glob("*.tmp"))
