#!/usr/bin/env bash
# All tests: those without ROS on all cores, then those with real nodes, which want the machine for
# themselves. With arguments: one plain run of pytest.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
(($# == 0)) || exec python -m pytest "$@"

code=0
# a thread a worker is enough where every core has a worker
OMP_NUM_THREADS=1 python -m pytest -m "not ros" -n auto --maxprocesses 4 --dist worksteal || code=$?
python -m pytest -m ros || code=$?
exit "$code"
