"""How a process is reached: by shared memory, unless that of a dead process is in its way."""

import os
import sys
from pathlib import Path

__all__ = ["haunted", "settle_transport"]

VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
TRANSPORTS = "FASTDDS_BUILTIN_TRANSPORTS"
SHARED, UDP = "fastdds_profiles.xml", "fastdds_udp_profiles.xml"
"""Profiles of `twincell_bringup`: shared memory and UDP, and UDP alone."""

MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux has it


def settle_transport() -> None:
    """Choose the transports, before `rclpy.init()`.

    A process that is started again soon gets the ports of the one that was killed. Who still sends
    to that one may go on writing into its shared memory, which nobody reads, and never learn of the
    new one's (https://github.com/eProsima/Fast-DDS/issues/5053): it would be deaf to them for good.
    By UDP alone it hears all. What the user chose stays.
    """
    profiles = [Path(os.environ[name]) for name in VARIABLES if os.environ.get(name)]
    ours = all(file.name == SHARED and file.with_name(UDP).is_file() for file in profiles)
    domain = os.environ.get("ROS_DOMAIN_ID") or "0"
    if not ours or TRANSPORTS in os.environ or not domain.isdigit():
        return
    if not haunted(int(domain)):
        return
    print("a dead process's shared memory is in use: reached by UDP alone", file=sys.stderr)
    for name in VARIABLES:
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).with_name(UDP))
    if not profiles:
        os.environ[TRANSPORTS] = "UDPv4"
    if os.environ.get(RANGE) == "LOCALHOST":
        # there rmw_fastrtps adds shared memory to any profile; ours keeps to this machine by itself
        os.environ[RANGE] = "SYSTEM_DEFAULT"


def haunted(domain: int) -> bool:
    """Whether a living process uses the shared memory of a dead one.

    Who listens at a port of Fast DDS's shared memory holds a lock on a file beside it, and a dead
    process holds none.

    Args:
        domain: of ROS; its ports are those of RTPS 2.5, section 9.6.2.
    """
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return False  # not Linux
    held = {line.split()[5].rpartition(":")[2] for line in lines if "FLOCK" in line}
    first = 7400 + 250 * domain
    dead = []
    for port in range(first, first + 250):
        file = MEMORY / f"fastrtps_port{port}"
        try:
            listened = str(file.with_name(f"{file.name}_el").stat().st_ino) in held
        except OSError:
            listened = False
        if file.exists() and not listened:
            dead.append(file)
    return bool(dead) and _mapped(dead)


def _mapped(files: list[Path]) -> bool:
    """Whether a process has one of the files in its memory, as far as one may look."""
    wanted = {f"{file}\n" for file in files}
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            text = maps.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # ended, or another user's
        if any(name in text for name in wanted):
            return True
    return False
