"""Safety supervisor, orchestrator, operator, and the recorder where asked for."""

from twincell_nodes.launching import group


def generate_launch_description():
    """Arguments: `ros2 launch twincell_bringup orchestration.launch.py --show-args`."""
    return group("orchestration")
