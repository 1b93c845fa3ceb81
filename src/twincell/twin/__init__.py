"""The twin: rollouts of the line before a change is made, and the gate that accepts it."""
