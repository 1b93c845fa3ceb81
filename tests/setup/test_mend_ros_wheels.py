"""The mending of the ROS wheels' CMake files, on a tree made here."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "mend_ros_wheels.py"
STALE = (
    'set(x "/opt/python/cp311-cp311/include/python3.11;'
    '/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include")\n'
)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mend_ros_wheels", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A prefix with two message packages and a file that needs no mending."""
    for package in ("std_msgs", "nav_msgs"):
        folder = tmp_path / "share" / package / "cmake"
        folder.mkdir(parents=True)
        (folder / f"export_{package}__rosidl_generator_pyExport.cmake").write_text(STALE)
    (tmp_path / "share/nav_msgs/cmake/other.cmake").write_text("set(y 1)\n")
    return tmp_path


def snapshot(prefix: Path) -> dict[Path, tuple[str, int]]:
    return {p: (p.read_text(), p.stat().st_mtime_ns) for p in prefix.rglob("*.cmake")}


def interpreter(script: ModuleType) -> object:
    return script.Interpreter(Path("/usr/include/python3.11"), Path("/env/site-packages"))


def test_points_at_this_interpreter(script, wheels):
    assert script.mend(wheels, interpreter(script)) == 2
    text = (
        wheels / "share/std_msgs/cmake/export_std_msgs__rosidl_generator_pyExport.cmake"
    ).read_text()
    assert text == ('set(x "/usr/include/python3.11;/env/site-packages/numpy/_core/include")\n')


def test_again_changes_nothing_not_even_times(script, wheels):
    script.mend(wheels, interpreter(script))
    before = snapshot(wheels)
    assert script.mend(wheels, interpreter(script)) == 0
    assert snapshot(wheels) == before


def test_an_unknown_stale_path_is_named_with_file_and_line(script, wheels):
    file = wheels / "share/nav_msgs/cmake/other.cmake"
    file.write_text("set(y 1)\nset(z /opt/python/cp311-cp311/bin/python)\n")
    with pytest.raises(script.WheelsChangedError, match=r"other\.cmake:2: .*bin/python"):
        script.mend(wheels, interpreter(script))


def test_an_export_without_headers_is_an_error(script, wheels):
    file = wheels / "share/std_msgs/cmake/export_std_msgs__rosidl_generator_pyExport.cmake"
    file.write_text("set(x 1)\n")
    with pytest.raises(script.WheelsChangedError, match="expected /usr/include"):
        script.mend(wheels, interpreter(script))


def test_no_wheels_at_all_is_an_error(script, tmp_path):
    with pytest.raises(script.WheelsChangedError, match=r"ros\.lock"):
        script.mend(tmp_path, interpreter(script))
