"""An action client that a test may use while another thread spins its node."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.action import ActionClient


class SharedActionClient(ActionClient):
    """rclpy's client, which drops an answer that comes before its own request is noted down.

    `ActionClient` sends a request and only then notes its number; an executor in another thread
    may take the answer in between, and then ignores it as unexpected: the future never ends.
    Here an answer is taken only between whole requests.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._asking = threading.RLock()
        super().__init__(*arguments, **options)

    def send_goal_async(self, *arguments: Any, **options: Any) -> Any:
        """A goal's acceptance, later."""
        with self._asking:
            return super().send_goal_async(*arguments, **options)

    def _get_result_async(self, goal_handle: Any) -> Any:
        with self._asking:
            return super()._get_result_async(goal_handle)

    def _cancel_goal_async(self, goal_handle: Any) -> Any:
        with self._asking:
            return super()._cancel_goal_async(goal_handle)

    def take_data(self) -> Any:
        """What has been answered, for the executor."""
        with self._asking:
            return super().take_data()
