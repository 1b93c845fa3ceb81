"""Thin ROS 2 nodes over the core of twincell."""
