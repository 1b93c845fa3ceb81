"""The crack detector."""

from twincell_nodes.launching import group


def generate_launch_description():
    """Arguments: `ros2 launch twincell_bringup inspection.launch.py --show-args`."""
    return group("inspection")
