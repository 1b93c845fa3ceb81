"""The whole cell: simulation, sensing, inspection, orchestration, and RViz where asked for."""

from twincell_nodes.launching import cell


def generate_launch_description():
    """Arguments: `ros2 launch twincell_bringup cell.launch.py --show-args`."""
    return cell()
