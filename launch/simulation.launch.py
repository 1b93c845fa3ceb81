"""The simulator alone: physics, all movers, the clock and the transforms."""

from twincell_nodes.launching import group


def generate_launch_description():
    """Arguments: `ros2 launch twincell_bringup simulation.launch.py --show-args`."""
    return group("simulation")
