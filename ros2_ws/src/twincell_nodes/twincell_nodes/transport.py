"""How a process is reached: by shared memory, unless that of a dead process is in its way."""

import os
import sys
from pathlib import Path

__all__ = ["haunted", "settle_transport"]

VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
SHARED, UDP = "fastdds_profiles.xml", "fastdds_udp_profiles.xml"
"""Profiles of `twincell_bringup`: shared memory and UDP, and UDP alone."""

MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux has it
PARTICIPANTS = 120
"""Of a domain on one machine, at most."""


def settle_transport() -> None:
    """Choose the transports, before `rclpy.init()`.

    A process that is started again soon gets the ports of the one that was killed. Who still sends
    to that one may go on writing into its shared memory, which nobody reads, and never learn of the
    new one's (https://github.com/eProsima/Fast-DDS/issues/5053): it would be deaf to them for good.
    By UDP alone it hears all.
    """
    profiles = [Path(os.environ[name]) for name in VARIABLES if os.environ.get(name)]
    if any(file.name != SHARED or not file.with_name(UDP).is_file() for file in profiles):
        return  # the user's own
    if not haunted(int(os.environ.get("ROS_DOMAIN_ID") or 0)):
        return
    print("a dead process's shared memory is in use: reached by UDP alone", file=sys.stderr)
    for name in VARIABLES:
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).with_name(UDP))
    if not profiles:
        os.environ["FASTDDS_BUILTIN_TRANSPORTS"] = "UDPv4"


def haunted(domain: int) -> bool:
    """Whether a living process uses the shared memory of a dead one whose ports are the next.

    Args:
        domain: of ROS; its ports are those of RTPS 2.5, section 9.6.2.
    """
    try:
        taken = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return False  # not Linux
    used = {int(line.split()[1].partition(":")[2], 16) for line in taken}
    first = 7400 + 250 * domain
    for k in range(PARTICIPANTS):
        builtin, user = first + 10 + 2 * k, first + 11 + 2 * k
        if not used & {builtin, user}:
            return _mapped(MEMORY / f"fastrtps_port{user}")
    return False


def _mapped(file: Path) -> bool:
    """Whether a process has a file in its memory, as far as one may look."""
    if not file.exists():
        return False
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            text = maps.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # ended, or another user's
        if f"{file}\n" in text:
            return True
    return False
