"""Poses, meshes, descriptions of movers, blades and the flaws cut into them: the ground truth."""
