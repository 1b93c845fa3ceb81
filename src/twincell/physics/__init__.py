"""The Bullet world of the cell, and a second one that answers what would collide."""
