#!/usr/bin/env bash
# System libraries that the wheels load and a fresh machine may lack, and Python's headers, which
# message packages are compiled with: installed by apt where that is allowed, else named.
set -euo pipefail
# shellcheck source=scripts/ros_mode.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/ros_mode.sh"
twincell_ros_mode

# library, apt package
wanted=(
  libusb-1.0.so.0 libusb-1.0-0 # open3d
  libGL.so.1 libgl1            # open3d
  libX11.so.6 libx11-6         # open3d
  libgomp.so.1 libgomp1        # open3d, numba
)

lacking() { # prints the apt packages that are needed, one a line
  "$TWINCELL_PYTHON" - "${wanted[@]}" << 'PYTHON'
import ctypes, os, sys, sysconfig
pairs = sys.argv[1:]
for library, package in zip(pairs[::2], pairs[1::2]):
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
if not os.path.isfile(os.path.join(sysconfig.get_paths()["include"], "Python.h")):
    print("python%d.%d-dev" % sys.version_info[:2])
PYTHON
}

mapfile -t packages < <(lacking)
((${#packages[@]})) || exit 0

line="apt-get install -y --no-install-recommends ${packages[*]}"
as_root=()
if [[ $(id -u) != 0 ]]; then
  if command -v sudo > /dev/null && sudo -n true 2> /dev/null; then
    as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
  else
    echo "setup: system packages are missing; type:" >&2
    echo "  sudo $line" >&2
    exit 1
  fi
else
  as_root=(env DEBIAN_FRONTEND=noninteractive)
fi
if ! command -v apt-get > /dev/null; then
  echo "setup: this machine has no apt-get; install what these Debian packages hold:" >&2
  echo "  ${packages[*]}" >&2
  exit 1
fi

echo "      apt: ${packages[*]}"
"${as_root[@]}" apt-get update -qq || echo "setup: apt-get update failed; trying with old lists" >&2
# shellcheck disable=SC2086  # the line is a list of words
"${as_root[@]}" $line > /dev/null
mapfile -t packages < <(lacking)
if ((${#packages[@]})); then
  echo "setup: still missing after apt-get: ${packages[*]}" >&2
  exit 1
fi
