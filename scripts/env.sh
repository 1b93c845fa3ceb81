# The environment of twincell, for building and for running:  source scripts/env.sh
#
# Works from any folder, in bash, as often as you like; `make setup` must have run once. By hand:
#
#   source scripts/env.sh
#   cd ros2_ws && colcon build && colcon test && colcon test-result --verbose
#   source ../scripts/env.sh     # once more after the first build: now with the built packages
#
# With `TWINCELL_NO_OVERLAY=1` the built workspace is left out, as `make setup` does for building.

_twincell_env() {
  local root venv site folder nounset=0
  root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
  venv=$root/.venv
  if [[ ! -x $venv/bin/python ]]; then
    echo "env.sh: no environment in $venv: run 'make setup' first" >&2
    return 1
  fi
  [[ $- == *u* ]] && nounset=1
  set +u # colcon's and ROS's own scripts read variables that are not set

  export VIRTUAL_ENV=$venv
  _twincell_prepend PATH "$venv/bin"

  if [[ -d $venv/share/ament_index ]]; then
    # ROS from wheels: the virtual environment is the ament prefix
    export TWINCELL_ROS=wheels ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3
    _twincell_prepend AMENT_PREFIX_PATH "$venv"
    _twincell_prepend CMAKE_PREFIX_PATH "$venv"
    for site in "$venv"/lib/python3.*/site-packages; do
      for folder in "$site"/ros_*.libs; do
        [[ -d $folder ]] && _twincell_prepend LD_LIBRARY_PATH "$folder"
      done
    done
    _twincell_prepend LD_LIBRARY_PATH "$venv/lib"
    # The wheels re-execute Python once to set LD_LIBRARY_PATH, unless this guard is set. It is set
    # only here, where the path is: a guard inherited without the path makes `import rclpy` fail.
    export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
    export RMW_IMPLEMENTATION=${RMW_IMPLEMENTATION:-rmw_fastrtps_cpp}
  else
    export TWINCELL_ROS=system
    unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
  fi

  if [[ -z ${TWINCELL_NO_OVERLAY:-} && -f $root/ros2_ws/install/local_setup.bash ]]; then
    # shellcheck disable=SC1091
    source "$root/ros2_ws/install/local_setup.bash"
  fi

  # colcon by the environment's own Python, whichever brought it: executables get that shebang
  colcon() { "$VIRTUAL_ENV/bin/python" -c 'import sys; from colcon_core.command import main; sys.exit(main())' "$@"; }

  # clouds and images between processes by shared memory: about 1 GB of it (see the file)
  if [[ -z ${FASTRTPS_DEFAULT_PROFILES_FILE:-} ]]; then
    if (($(df --output=avail -k /dev/shm 2> /dev/null | tail -n 1 || echo 0) >= 1500000)); then
      export FASTRTPS_DEFAULT_PROFILES_FILE=$root/ros2_ws/src/twincell_bringup/config/fastdds_profiles.xml
    else
      echo "env.sh: less than 1.5 GB free in /dev/shm: large messages will be slower" >&2
    fi
  fi
  # a simulation has no business on the network
  export ROS_AUTOMATIC_DISCOVERY_RANGE=${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}
  # numba would look for TBB and warn
  export NUMBA_THREADING_LAYER=${NUMBA_THREADING_LAYER:-omp}

  ((nounset)) && set -u
  return 0
}

# _twincell_prepend NAME FOLDER: put FOLDER in front of the path list NAME, once.
_twincell_prepend() {
  local list=${!1:-}
  case ":$list:" in
    *":$2:"*) ;;
    *) export "$1=$2${list:+:$list}" ;;
  esac
}

if _twincell_env; then
  unset -f _twincell_env _twincell_prepend
else
  unset -f _twincell_env _twincell_prepend
  return 1
fi
