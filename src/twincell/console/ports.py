"""Where the console listens."""

from __future__ import annotations

import socket

from twincell.errors import TwincellError

__all__ = ["HOST", "PORT", "free_port"]

HOST = "127.0.0.1"
"""Who presses its buttons sits at this machine, or comes through a tunnel of their own."""
PORT = 8080
"""Where it is looked for."""


def free_port(port: int) -> int:
    """A port that can be listened on; viser would take another one in silence.

    Args:
        port: wanted; 0 for any.

    Raises:
        TwincellError: it is taken, or is none.
    """
    if not 0 <= port < 65536:
        raise TwincellError(f"console: port {port}; valid: 1 to 65535, or 0 for any that is free")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise TwincellError(
                f"console: port {port}: {error.strerror}; valid: one that is free, or 0 for any"
            ) from None
        return int(probe.getsockname()[1])
