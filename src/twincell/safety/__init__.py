"""Safety: stop requests and states, separation monitoring, watchdogs, latencies."""
