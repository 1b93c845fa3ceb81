"""The latency ledger: listens to stops and tells their stages' percentiles on /diagnostics.

A process of its own, so that book-keeping holds up no stop.
"""

from diagnostic_msgs.msg import DiagnosticArray
from twincell_msgs.msg import AnomalyArray, StopReport

from twincell.safety.chains import ChainBook
from twincell_nodes import qos
from twincell_nodes.conversions import seconds
from twincell_nodes.diagnostics import status
from twincell_nodes.messages import stop_report_of
from twincell_nodes.running import CellNode, run

__all__ = ["LatencyLedgerNode", "main"]


class LatencyLedgerNode(CellNode):
    """Keeps every chain from the light to standstill; speaks once a second."""

    def __init__(self) -> None:
        super().__init__("latency_ledger")
        self.book = ChainBook()
        self._time = 0.0  # of the newest stop: it reads no clock, which speaks too often
        self._health = self.create_publisher(DiagnosticArray, "/diagnostics", qos.RELIABLE)
        self.create_subscription(AnomalyArray, "inspection/anomalies", self._saw, qos.RELIABLE)
        self.create_subscription(StopReport, "safety/stop_report", self._stopped, qos.RELIABLE)
        self.wall_timer(1.0, self._tell)

    def _saw(self, message: AnomalyArray) -> None:
        for a in message.anomalies:
            stamps = (a.light_stamp, a.sensed_stamp, a.detected_stamp)
            self.book.saw(*(seconds(t) for t in stamps))

    def _stopped(self, message: StopReport) -> None:
        self._time = seconds(message.header.stamp)
        walls = (message.requested_wall_ns, message.accepted_wall_ns)
        self.book.stopped(stop_report_of(message), walls)

    def _tell(self) -> None:
        chains = len(self.book.simulated.chains)
        text = f"{chains} chains; 50 / 99 / 99.9 % of each stage"
        values = self.book.words()
        if self.book.remarks:
            values["last remark"] = self.book.remarks[-1]
        self._health.publish(status(self._time, self.get_name(), 0, text, values))


def main(args=None) -> None:
    """Entry point."""
    run(LatencyLedgerNode, args)
