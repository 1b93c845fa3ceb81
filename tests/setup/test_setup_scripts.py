"""The set-up scripts, in a copy of what they read: what is missing is named before any download."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = "bash basename cat cut dirname env find grep mkdir rm sed sha256sum sort tail tee xargs"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the scripts, and nothing that was ever set up."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "scripts", root / "scripts")
    shutil.copytree(ROOT / "requirements", root / "requirements")
    shutil.copy(ROOT / "pyproject.toml", root)
    for folder in ("ros2_ws/src/twincell_msgs", "ros2_ws/underlay", "urdf", "launch", "worlds"):
        (root / folder).mkdir(parents=True)
    return root


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH of its own: the shell's tools, git, make, a compiler and this Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS.split():
        found = shutil.which(name)
        assert found is not None, name
        (folder / name).symlink_to(found)
    for name in ("git", "make", "c++"):
        (folder / name).symlink_to("/bin/true")
    # through base_executable: the interpreter of the machine, not the environment's
    (folder / "python3.11").write_text(f'#!/bin/sh\nexec {sys._base_executable} "$@"\n')
    (folder / "python3.11").chmod(0o755)
    return folder


def run(checkout: Path, tools: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", str(checkout / "scripts/setup.sh"), *arguments],
        env={"PATH": str(tools), "HOME": str(checkout), **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("tool", "package"),
    [("git", "git"), ("make", "make"), ("c++", "g++"), ("python3.11", "python3.11-venv")],
)
def test_a_missing_prerequisite_is_named_before_any_download(checkout, tools, tool, package):
    (tools / tool).unlink()
    result = run(checkout, tools)
    assert result.returncode == 1
    assert f"missing: {'a C++ compiler' if tool == 'c++' else tool}" in result.stderr
    assert package in result.stderr.splitlines()[-1].split("apt-get install -y")[1].split()
    assert not (checkout / ".venv").exists()


def test_python_without_venv_is_named(checkout, tools):
    base = sys._base_executable
    # a Python whose ensurepip cannot be imported, as Debian's is without python3-venv
    (tools / "python3.11").write_text(
        f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexec {base} "$@"\n'
    )
    result = run(checkout, tools)
    assert result.returncode == 1
    assert "venv and ensurepip" in result.stderr
    assert "-venv" in result.stderr.splitlines()[-1]
    assert not (checkout / ".venv").exists()


def test_all_missing_ones_are_named_at_once(checkout, tools):
    (tools / "git").unlink()
    (tools / "c++").unlink()
    result = run(checkout, tools)
    assert result.stderr.splitlines()[-1].endswith("apt-get install -y git g++")


def test_dry_run_on_a_bare_machine(checkout, tools):
    result = run(checkout, tools, "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "ROS: wheels" in result.stdout
    assert "colcon_build tf2_msgs control_msgs vision_msgs twincell_msgs" in result.stdout
    assert not (checkout / ".venv").exists()


def test_a_sourced_ros_is_used_and_only_what_it_lacks_is_built(checkout, tools, tmp_path):
    for module in ("rclpy", "launch"):
        (tmp_path / "ros" / module).mkdir(parents=True)
        (tmp_path / "ros" / module / "__init__.py").touch()
    for package in ("tf2_msgs", "vision_msgs"):
        (tmp_path / "prefix/share" / package).mkdir(parents=True)
        (tmp_path / "prefix/share" / package / "package.xml").touch()
    (tools / "python3").symlink_to(tools / "python3.11")
    result = run(
        checkout,
        tools,
        "--dry-run",
        ROS_DISTRO="jazzy",
        PYTHONPATH=str(tmp_path / "ros"),
        AMENT_PREFIX_PATH=str(tmp_path / "prefix"),
    )
    assert result.returncode == 0, result.stderr
    assert "ROS: system, Python: python3\n" in result.stdout
    assert "mend_wheels" not in result.stdout
    assert "would run colcon_build control_msgs twincell_msgs" in result.stdout


def test_our_own_underlay_in_the_environment_is_not_taken_for_an_installation(
    checkout, tools, tmp_path
):
    share = tmp_path / "install/share/tf2_msgs"
    share.mkdir(parents=True)
    (share / "package.xml").touch()
    (share / "twincell_underlay").touch()
    result = run(checkout, tools, "--dry-run", AMENT_PREFIX_PATH=str(tmp_path / "install"))
    assert "colcon_build tf2_msgs" in result.stdout


def test_env_without_environment_says_what_to_do(checkout):
    command = f"source {checkout}/scripts/env.sh; echo status $?"
    result = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=False
    )
    assert "make setup" in result.stderr
    assert "status 1" in result.stdout


def test_env_twice_is_env_once():
    once = "source scripts/env.sh; env | sort"
    twice = "source scripts/env.sh; source scripts/env.sh; env | sort"
    clean = {"PATH": os.defpath, "HOME": str(ROOT)}
    first, second = (
        subprocess.run(
            ["bash", "-euc", c], cwd=ROOT, env=clean, capture_output=True, text=True, check=True
        ).stdout
        for c in (once, twice)
    )
    assert first == second


def test_the_cell_alone_sets_up_without_what_only_training_needs(checkout, tools):
    whole = run(checkout, tools, "--dry-run").stdout
    cell = run(checkout, tools, "--dry-run", "--cell").stdout
    assert "training: would run" in whole
    assert [line for line in whole.splitlines() if "training" not in line] == cell.splitlines()


def test_kernels_are_compiled_last_and_anew_where_one_of_them_changes(checkout, tools):
    room = checkout / "src" / "twincell" / "sensing"
    room.mkdir(parents=True)
    (room / "kernel.py").write_text("from numba import njit\n")
    told = run(checkout, tools, "--dry-run").stdout.splitlines()
    assert told[-1] == "setup: kernels: would run compile_kernels"
    stamps = checkout / ".venv" / ".stamps"
    stamps.mkdir(parents=True)
    script = (checkout / "scripts" / "setup.sh").read_text()
    # the hash that a run would leave behind, asked of the script itself
    (checkout / "scripts" / "setup.sh").write_text(
        script.replace(
            'echo "setup: $name: would run $*"',
            'echo "setup: $name: would run $*"; printf "%s\\n" "$hash" > "$ROOT/$name.hash"',
        )
    )
    run(checkout, tools, "--dry-run")
    (checkout / "kernels.hash").rename(stamps / "kernels")
    assert "setup: kernels: up to date" in run(checkout, tools, "--dry-run").stdout
    (room / "plain.py").write_text("import numpy\n")
    assert "setup: kernels: up to date" in run(checkout, tools, "--dry-run").stdout
    (room / "kernel.py").write_text("from numba import njit, prange\n")
    assert "kernels: would run" in run(checkout, tools, "--dry-run").stdout


def test_an_unknown_option_is_refused_with_the_valid_ones(checkout, tools):
    result = run(checkout, tools, "--dyr-run")
    assert result.returncode == 2
    assert "--dyr-run" in result.stderr
    assert "--dry-run, --cell" in result.stderr
