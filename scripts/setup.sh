#!/usr/bin/env bash
# Sets everything up (`make setup`). Each step leaves a stamp that holds a hash of its inputs and is
# skipped while they are the same. `--dry-run` says what each step would do and does nothing;
# `--cell` leaves out what only training needs (torch, stable-baselines3, ray), as `make demo` does.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
# shellcheck source=scripts/ros_mode.sh
source scripts/ros_mode.sh
twincell_ros_mode
export TWINCELL_ROS

DRY_RUN=0
TRAINING=1
for option in "$@"; do
  case $option in
    --dry-run) DRY_RUN=1 ;;
    --cell) TRAINING=0 ;;
    *) echo "setup: unknown option $option; valid: --dry-run, --cell" >&2; exit 2 ;;
  esac
done
VENV=$ROOT/.venv
LOG=$ROOT/out/setup.log
UNDERLAY=(tf2_msgs control_msgs vision_msgs)
STARTED=$SECONDS
DONE=0

# hash_of WORD...: hash of the words and, where a word is a file or folder, of what is in it
hash_of() {
  local word
  {
    printf '%s\n' "$@"
    for word in "$@"; do
      [[ -e $word ]] || continue
      find "$word" \( -name __pycache__ -o -name .pytest_cache \) -prune -o -type f -print0 \
        | LC_ALL=C sort -z | xargs -0 --no-run-if-empty sha256sum
    done
  } | sha256sum | cut -c1-40
}

# step NAME STAMP HASH COMMAND...: run COMMAND unless STAMP holds HASH
step() {
  local name=$1 stamp=$2 hash=$3 began=$SECONDS
  shift 3
  if [[ -f $stamp && $(< "$stamp") == "$hash" ]]; then
    ((!DRY_RUN)) || echo "setup: $name: up to date"
    return 0
  fi
  if ((DRY_RUN)); then
    echo "setup: $name: would run $*"
    return 0
  fi
  mkdir -p out
  echo "setup: $name ..."
  rm -f "$stamp"
  if ! "$@"; then
    echo "setup: $name failed" >&2
    return 1
  fi
  mkdir -p "$(dirname -- "$stamp")"
  printf '%s\n' "$hash" > "$stamp"
  echo "setup: $name: $((SECONDS - began)) s"
  DONE=$((DONE + 1))
}

# logged COMMAND...: output into the log; its end is shown when it fails
logged() {
  "$@" > "$LOG" 2>&1 || {
    tail -n 40 "$LOG" >&2
    echo "setup: all of it: $LOG" >&2
    return 1
  }
}

make_venv() {
  local flags=()
  [[ $TWINCELL_ROS == system ]] && flags+=(--system-site-packages)
  # an environment that fits already is kept
  if [[ $TWINCELL_ROS == wheels && -x $VENV/bin/python ]] \
    && [[ $("$VENV/bin/python" -c "$VERSION") == "$("$TWINCELL_PYTHON" -c "$VERSION")" ]]; then
    return 0
  fi
  "$TWINCELL_PYTHON" -m venv --clear "${flags[@]}" "$VENV"
  if [[ $TWINCELL_ROS == system ]]; then
    # where the sourced ROS lives in a virtual environment itself, its packages count as the system's
    "$TWINCELL_PYTHON" - "$("$VENV/bin/python" -c "$PURELIB")" << 'PYTHON'
import pathlib, sys, sysconfig
if sys.prefix != sys.base_prefix:
    line = f"import site; site.addsitedir({sysconfig.get_paths()['purelib']!r})\n"
    pathlib.Path(sys.argv[1], "zz_twincell_parent.pth").write_text(line)
PYTHON
  fi
}
VERSION='import sys, platform; print(platform.python_version())'
PURELIB='import sysconfig; print(sysconfig.get_paths()["purelib"])'

# pip_install TOTAL ARGUMENTS...: plain pip, with a line of progress every 25 packages
pip_install() {
  local total=$1 count=0 line
  shift
  (cd / && "$VENV/bin/python" -m pip install --no-input --disable-pip-version-check "$@") 2>&1 \
    | tee "$LOG" \
    | while IFS= read -r line; do
      case $line in
        Collecting* | Processing*) # what is there already is none of the total
          count=$((count + 1))
          ((count % 25)) || echo "      $count of $total packages"
          ;;
        "Installing collected"*) echo "      unpacking" ;;
        ERROR* | error:*) echo "      $line" >&2 ;;
      esac
    done
}

install_packages() {
  local locks=(-r "$ROOT/requirements/core.lock") total
  [[ $TWINCELL_ROS == wheels ]] && locks+=(-r "$ROOT/requirements/ros.lock")
  total=$(cat requirements/core.lock requirements/ros.lock | grep -c ==)
  [[ $TWINCELL_ROS == wheels ]] || total=$(grep -c == requirements/core.lock)
  echo "      $total packages, about 2 GB unpacked; a few minutes"
  # the locks are complete: nothing is left to resolve
  pip_install "$total" --no-deps "${locks[@]}" || { tail -n 30 "$LOG" >&2; return 1; }
  if [[ $TWINCELL_ROS == system ]] && ! "$VENV/bin/python" -c 'import colcon_core, colcon_ros' 2> /dev/null; then
    pip_install 40 -c requirements/core.lock -c requirements/ros.lock colcon-common-extensions colcon-ros
  fi
}

install_training() {
  local constraints=(-c "$ROOT/requirements/core.lock")
  [[ $TWINCELL_ROS == wheels ]] && constraints+=(-c "$ROOT/requirements/ros.lock")
  # with dependencies: a CUDA build of torch brings its own, a CPU build has none
  pip_install "$(grep -c == requirements/train.lock)" "${constraints[@]}" -r "$ROOT/requirements/train.lock" \
    || { tail -n 30 "$LOG" >&2; return 1; }
}

mend_wheels() {
  "$VENV/bin/python" scripts/mend_ros_wheels.py | sed 's/^/      /'
  # makes the environment a prefix as colcon expects it: ros2_ws/install/setup.bash then sources it
  echo "TWINCELL_NO_OVERLAY=1 source '$ROOT/scripts/env.sh'" > "$VENV/local_setup.bash"
  echo "# bash only: see local_setup.bash" > "$VENV/local_setup.sh"
}

install_core() {
  logged "$VENV/bin/python" -m pip install --no-input --disable-pip-version-check \
    --no-deps --no-build-isolation -e "$ROOT"
}

# colcon_build PACKAGE...: as by hand in ros2_ws, without the built workspace in the environment
colcon_build() {
  (
    export TWINCELL_NO_OVERLAY=1 PYTHONWARNINGS=ignore # setuptools warns about what colcon calls
    # shellcheck source=scripts/env.sh
    source scripts/env.sh
    cd ros2_ws
    # of the underlay colcon sees only what is missing, else it would wait for the rest to be built
    colcon --log-base log build --event-handlers console_cohesion- status- \
      --base-paths src "${underlay[@]/#/underlay/}" --packages-select "$@" 2>&1 | tee "$LOG" | sed -u 's/^/      /'
  )
}

compile_kernels() {
  # numba's cache looks at a kernel's own file, not at those of the kernels that it calls
  find src/twincell -name '*.nb[ci]' -delete
  logged "$VENV/bin/python" scripts/compile_kernels.py
}

build_workspace() {
  rm -rf ros2_ws/install/twincell_{description,bringup,nodes} # files that are gone must not stay
  colcon_build twincell_description twincell_bringup twincell_nodes
}

# what the sourced ROS has of the underlay need not be built
missing_underlay() {
  local package prefix prefixes found
  IFS=: read -ra prefixes <<< "${AMENT_PREFIX_PATH:-}"
  for package in "${UNDERLAY[@]}"; do
    found=0
    for prefix in "${prefixes[@]}"; do
      # the marker tells our own build of it from a real installation
      [[ -f $prefix/share/$package/package.xml && ! -f $prefix/share/$package/twincell_underlay ]] && found=1
    done
    ((found)) || echo "$package"
  done
}

((DRY_RUN)) && echo "setup: ROS: $TWINCELL_ROS, Python: $TWINCELL_PYTHON"
bash scripts/prerequisites.sh
interpreter=$("$TWINCELL_PYTHON" -c 'import sys; print(sys.version, sys.base_prefix)')
base=$(hash_of "root=$ROOT" "ros=$TWINCELL_ROS" "python=$interpreter") # moved trees start anew
((DRY_RUN)) || bash scripts/system_libs.sh # takes a twentieth of a second: no stamp
step "environment" .venv/.stamps/venv "$base" make_venv
packages=$(hash_of "$base" requirements/core.lock requirements/ros.lock)
step "packages" .venv/.stamps/packages "$packages" install_packages
if [[ $TWINCELL_ROS == wheels ]]; then
  step "ROS wheels" .venv/.stamps/mend "$(hash_of "$packages" scripts/mend_ros_wheels.py)" mend_wheels
fi
if ((TRAINING)); then
  step "training" .venv/.stamps/train "$(hash_of "$packages" requirements/train.lock)" install_training
fi
step "twincell" .venv/.stamps/core "$(hash_of "$packages" pyproject.toml)" install_core

mapfile -t underlay < <(missing_underlay)
messages=$(hash_of "$packages" "${underlay[@]}" ros2_ws/underlay ros2_ws/src/twincell_msgs)
step "messages" ros2_ws/install/.stamps/messages "$messages" \
  colcon_build "${underlay[@]}" twincell_msgs
sources=$(hash_of "$messages" ros2_ws/src urdf launch worlds)
step "workspace" ros2_ws/install/.stamps/workspace "$sources" build_workspace

mapfile -t kernels < <(grep -rls --include='*.py' njit src/twincell | LC_ALL=C sort)
if ((!DRY_RUN)) && ! compgen -G 'src/twincell/*/__pycache__/*.nbi' > /dev/null; then
  rm -f .venv/.stamps/kernels # somebody cleaned up
fi
step "kernels" .venv/.stamps/kernels "$(hash_of "$packages" scripts/compile_kernels.py "${kernels[@]}")" compile_kernels
((DONE == 0)) || echo "setup: done in $((SECONDS - STARTED)) s"
