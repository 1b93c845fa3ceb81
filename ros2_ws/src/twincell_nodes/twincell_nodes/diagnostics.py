"""Health in the form of diagnostic_msgs."""

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from twincell_nodes.conversions import header

__all__ = ["status"]

_LEVELS = (DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR)


def status(now: float, name: str, level: int, text: str, values: dict[str, str]) -> DiagnosticArray:
    """One status.

    Args:
        now: time [s].
        name: of the node.
        level: 0 well, 1 warning, 2 error.
        text: in words.
        values: what was measured, by name.
    """
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    one = DiagnosticStatus(
        level=_LEVELS[level], name=f"twincell: {name}", message=text, hardware_id=name, values=pairs
    )
    return DiagnosticArray(header=header(now, ""), status=[one])
