#!/usr/bin/env python3
"""Write requirements/core.lock, ros.lock and train.lock (`make lock`).

core.lock is what pyproject.toml asks for (dependencies and the `dev` extra), ros.lock what the
`ros-build` extra and requirements/ros.in ask for, train.lock what the `train` extra asks for, all
resolved by plain pip to exact versions. What a CUDA build of torch needs besides is left to pip.
None names a host: pip takes the files from wherever the machine's own settings say.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADER = "# Written by `make lock`; do not edit. {what}\n"


def read_requirements(path: Path) -> list[str]:
    """The requirements of a .in file, comments and blank lines left out."""
    lines = (line.split("#", 1)[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def resolve(requirements: list[str], constraints: list[Path]) -> dict[str, str]:
    """Exact versions of `requirements` and of all that they need, by pip's own resolver.

    Args:
        requirements: requirement specifiers.
        constraints: lock files whose versions are to be kept.

    Returns:
        Version by normalised name.

    Raises:
        SystemExit: pip found no solution; its message has been printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted, report = Path(folder) / "wanted.in", Path(folder) / "report.json"
        wanted.write_text("\n".join(requirements) + "\n")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--report", str(report), "-r", str(wanted)]
        for constraint in constraints:
            command += ["-c", str(constraint)]
        if subprocess.run(command, check=False).returncode != 0:
            raise SystemExit("lock: pip found no set of versions; nothing was written")
        found = json.loads(report.read_text())["install"]
    metadata = [item["metadata"] for item in found]
    return {normalise(m["name"]): m["version"].split("+", 1)[0] for m in metadata}


def normalise(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return name.lower().replace("_", "-").replace(".", "-")


def write(path: Path, what: str, versions: dict[str, str]) -> None:
    """Write one `name==version` a line, sorted."""
    lines = [f"{name}=={version}" for name, version in sorted(versions.items())]
    path.write_text(HEADER.format(what=what) + "\n".join(lines) + "\n")
    print(f"lock: {path.relative_to(ROOT)}: {len(lines)} packages")


def main() -> None:
    """Resolve the locks together, so that what they share has one version."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    core, ros, train = (ROOT / f"requirements/{name}.lock" for name in ("core", "ros", "train"))

    # ROS tooling is resolved along with the core, so that what both use has one version
    core_wanted = project["dependencies"] + extras["dev"]
    ros_wanted = extras["ros-build"] + read_requirements(ROOT / "requirements/ros.in")
    ros_and_core = core_wanted + ros_wanted
    everything = resolve(ros_and_core + extras["train"], [])
    with tempfile.TemporaryDirectory() as folder:
        fixed = Path(folder) / "fixed.txt"
        fixed.write_text("".join(f"{n}=={v}\n" for n, v in everything.items()))
        core_versions = resolve(core_wanted, [fixed])
        both = resolve(ros_and_core, [fixed])
    write(core, "From pyproject.toml: dependencies and extra dev.", core_versions)
    rest = {n: v for n, v in both.items() if n not in core_versions}
    write(ros, "From requirements/ros.in and extra ros-build; comes after core.lock.", rest)
    training = {n: v for n, v in everything.items() if n not in both and not is_cuda(n)}
    write(train, "From extra train; comes after core.lock and ros.lock.", training)


def is_cuda(name: str) -> bool:
    """Whether a package belongs to a CUDA build of torch, which is one choice among several."""
    return name.startswith(("nvidia-", "cuda-")) or name == "triton"


if __name__ == "__main__":
    main()
