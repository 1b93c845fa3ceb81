"""How a process is reached: by shared memory, unless that of a dead process is in its way."""

import os
import sys
import time
from pathlib import Path

from twincell.stack.environment import PROFILE, share_file

__all__ = ["haunted", "settle_transport"]

VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
TRANSPORTS = "FASTDDS_BUILTIN_TRANSPORTS"
UDP = (PROFILE[0], "config/fastdds_udp_profiles.xml")
"""Fast DDS by UDP alone, on this machine."""
MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux has it
LOOKS, PAUSE = 3, 0.05
"""How often, and after how long [s], what seems dead is looked at again."""


def settle_transport() -> None:
    """Choose the transports, before `rclpy.init()`.

    A process that is started again soon gets the ports of the one that was killed. Who still sends
    to that one may go on writing into its shared memory, which nobody reads, and never learn of the
    new one's (https://github.com/eProsima/Fast-DDS/issues/5053): it would be deaf to them for good.
    By UDP alone it hears all. What the user chose stays.
    """
    given = [Path(os.environ[name]) for name in VARIABLES if os.environ.get(name)]
    ours = all(file.name == Path(PROFILE[1]).name for file in given)
    profile, domain = share_file(*UDP, os.environ), os.environ.get("ROS_DOMAIN_ID") or "0"
    here = os.environ.get(RANGE) == "LOCALHOST"  # by UDP elsewhere is another matter
    if not (ours and here and profile and domain.isdigit()) or TRANSPORTS in os.environ:
        return
    if haunted(int(domain)):
        print("a dead process's shared memory is in use: reached by UDP alone", file=sys.stderr)
        os.environ.update(dict.fromkeys(VARIABLES, str(profile)))
        # with LOCALHOST rmw_fastrtps adds shared memory; the profile keeps to this machine itself
        os.environ[RANGE] = "SYSTEM_DEFAULT"


def haunted(domain: int) -> bool:
    """Whether a living process uses the shared memory of a dead one.

    Args:
        domain: of ROS; its ports are those of RTPS 2.5, section 9.6.2.
    """
    dead = _unheard(domain)
    for _ in range(LOOKS):
        if not dead:
            return False
        # one that was just made, or that the list of locks lacked while it changed, is no dead one
        time.sleep(PAUSE)
        dead &= _unheard(domain)
    return _mapped(dead)


def _unheard(domain: int) -> set[Path]:
    """Ports in shared memory at which nobody listens: who does holds a lock on a file beside it."""
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return set()  # not Linux
    held = {line.split()[5].rpartition(":")[2] for line in lines if "FLOCK" in line}
    first = 7400 + 250 * domain
    found = set()
    for port in range(first, first + 250):
        file = MEMORY / f"fastrtps_port{port}"
        try:
            listened = str(file.with_name(f"{file.name}_el").stat().st_ino) in held
        except OSError:
            listened = False
        if file.exists() and not listened:
            found.add(file)
    return found


def _mapped(files: set[Path]) -> bool:
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
