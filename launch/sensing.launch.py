"""One process a sensor."""

from twincell_nodes.launching import group


def generate_launch_description():
    """Arguments: `ros2 launch twincell_bringup sensing.launch.py --show-args`."""
    return group("sensing")
