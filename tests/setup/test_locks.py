"""The lock files: exact, complete, and naming no host."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = ("core.lock", "ros.lock", "train.lock")


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(package): version for package, version in pins}


def wanted_of_ros() -> list[str]:
    lines = (ROOT / "requirements/ros.in").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")] + EXTRAS["ros-build"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_one_exact_version(name):
    for line in (ROOT / "requirements" / name).read_text().splitlines():
        assert line.startswith("#") or re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line), line


@pytest.mark.parametrize("name", LOCKS)
def test_no_host_and_no_index_is_named(name):
    text = (ROOT / "requirements" / name).read_text()
    assert not re.search(r"://|@|--[a-z]|(^|\n)-", text)


@pytest.mark.parametrize("wanted", PROJECT["dependencies"] + EXTRAS["dev"])
def test_core_lock_holds_each_dependency_in_its_range(wanted):
    requirement = Requirement(wanted)
    version = locked("core.lock")[canonicalize_name(requirement.name)]
    assert Version(version) in requirement.specifier


@pytest.mark.parametrize("wanted", wanted_of_ros())
def test_the_locks_hold_each_ros_package_in_its_range(wanted):
    requirement = Requirement(wanted)
    both = locked("core.lock") | locked("ros.lock")
    assert Version(both[canonicalize_name(requirement.name)]) in requirement.specifier


@pytest.mark.parametrize("wanted", EXTRAS["train"])
def test_the_train_lock_holds_each_training_package_in_its_range(wanted):
    requirement = Requirement(wanted)
    version = locked("train.lock")[canonicalize_name(requirement.name)]
    assert Version(version) in requirement.specifier


def test_no_package_is_in_two_locks():
    names = [name for lock in LOCKS for name in locked(lock)]
    assert len(names) == len(set(names))
