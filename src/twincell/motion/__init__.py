"""Kinematics, jerk-limited trajectories, collision-free paths, and the controller of a mover."""
