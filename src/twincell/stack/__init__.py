"""Which ROS nodes run, and how they are started and ended where `launch` is not installed."""
