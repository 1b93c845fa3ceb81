"""Disruptions that befall more than the plan: what sensors and the visitor do about them."""

from __future__ import annotations

from twincell.production.messages import Journalled

__all__ = ["blinded", "intruded"]


def blinded(line: Journalled) -> tuple[str, float] | None:
    """The sensor that a line of the journal blinds, and until when [s]."""
    if line.kind == "disruption" and line.detail.get("kind") == "sensor_blackout":
        return line.subject, float(line.detail["parameters"]["until"])
    return None


def intruded(line: Journalled) -> float | None:
    """Until when a person stays in the cell who walks in with this line of the journal [s]."""
    if line.kind == "disruption" and line.detail.get("kind") == "intrusion":
        return float(line.detail["parameters"]["until"])
    return None
