"""Where the built workspace is, and the environment that its executables need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from twincell.assets import project_root
from twincell.errors import AssetError
from twincell.stack.specs import NodeSpec

__all__ = ["executable_of", "prefixes", "ready_environment", "ros_environment", "share_file"]

PROFILE = ("twincell_bringup", "config/fastdds_profiles.xml")
"""Fast DDS by shared memory, with segments that hold our largest messages."""


def prefixes(environment: Mapping[str, str]) -> list[Path]:
    """The install prefixes that ROS looks in, first wins."""
    return [Path(p) for p in environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]


def share_file(package: str, name: str, environment: Mapping[str, str]) -> Path | None:
    """`<prefix>/share/<package>/<name>` in the first prefix that has it."""
    for prefix in prefixes(environment):
        candidate = prefix / "share" / package / name
        if candidate.is_file():
            return candidate
    return None


def executable_of(spec: NodeSpec, environment: Mapping[str, str]) -> Path:
    """`<prefix>/lib/<package>/<executable>` in the first prefix that has it.

    Raises:
        AssetError: none has; the message says what to type.
    """
    for prefix in prefixes(environment):
        candidate = prefix / "lib" / spec.package / spec.executable
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise AssetError(
        f"no executable '{spec.executable}' of package '{spec.package}' in AMENT_PREFIX_PATH="
        f"{environment.get('AMENT_PREFIX_PATH', '')!r}. The workspace is not built or not sourced: "
        "type `make setup`, or `. ros2_ws/install/setup.bash` where you built it yourself"
    )


def ros_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which the stack's processes run.

    A sourced workspace is taken as it is; else `ros2_ws/install` of the checkout is sourced.
    The transport profile is set unless the user set one; `ROS_DOMAIN_ID` and the rest pass through.

    Args:
        base: to start from; the process's own where none is given.

    Raises:
        AssetError: there is no built workspace; the message says what to type.
    """
    environment = dict(os.environ if base is None else base)
    if not any((p / "lib" / "twincell_nodes").is_dir() for p in prefixes(environment)):
        environment = _sourced(project_root() / "ros2_ws" / "install", environment)
    profile = share_file(*PROFILE, environment)
    if profile is not None:
        environment.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(profile))
        environment.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", str(profile))
    return environment


def ready_environment(
    specs: Iterable[NodeSpec], base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment in which all of some nodes can be started; arguments as `ros_environment`.

    Raises:
        AssetError: the workspace is not built, or an executable is missing.
    """
    environment = ros_environment(base)
    for spec in specs:
        executable_of(spec, environment)
    return environment


def _sourced(install: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment after `. <install>/setup.bash`."""
    script = install / "local_setup.bash"
    if not script.is_file():
        raise AssetError(
            f"no built workspace: '{script}' does not exist and AMENT_PREFIX_PATH names no "
            "package 'twincell_nodes'; type `make setup`"
        )
    done = subprocess.run(
        ["bash", "-c", '. "$0" >/dev/null && env -0', str(script)],
        env=dict(environment),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssetError(f"'{script}' cannot be sourced: {done.stderr.decode().strip()}")
    pairs = (line.partition("=") for line in done.stdout.decode().split("\0") if "=" in line)
    return {name: value for name, _, value in pairs}
