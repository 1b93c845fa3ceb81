"""Asks the running stack's orchestrator for a disruption, prints its answer as JSON, and ends."""

import json
import sys

import rclpy
from rclpy.utilities import remove_ros_args
from twincell_msgs.srv import InjectDisruption

__all__ = ["main"]


def main(args=None) -> None:
    """Entry point: `inject KIND SUBJECT PARAMETERS WAIT`.

    PARAMETERS is a JSON object, WAIT how long to look for a stack and for its answer [s]. Exit code
    0 with the answer, 3 where no stack is found, 4 where it does not answer.
    """
    argv = sys.argv if args is None else args
    kind, subject, parameters, wait = remove_ros_args(argv)[1:]
    rclpy.init(args=argv)
    node = rclpy.create_node("inject")
    code = 3
    try:
        client = node.create_client(InjectDisruption, "production/inject")
        if client.wait_for_service(float(wait)):
            code = 4
            request = InjectDisruption.Request(kind=kind, subject=subject, parameters=parameters)
            future = client.call_async(request)
            rclpy.spin_until_future_complete(node, future, timeout_sec=float(wait))
            if future.done():
                answer = future.result()
                told = {"success": answer.success, "text": answer.message, "id": answer.id}
                print(json.dumps(told), flush=True)
                code = 0
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    raise SystemExit(code)
