# The underlay's packages are built only where the sourced ROS lacks them.

# installed_elsewhere(<out>): the prefix that holds a ${PROJECT_NAME} other than this underlay's, or "".
function(installed_elsewhere out)
  set(found "")
  file(TO_CMAKE_PATH "$ENV{AMENT_PREFIX_PATH}" prefixes)
  foreach(prefix IN LISTS prefixes)
    set(share "${prefix}/share/${PROJECT_NAME}")
    if(EXISTS "${share}/package.xml" AND NOT EXISTS "${share}/twincell_underlay")
      set(found "${prefix}")
      break()
    endif()
  endforeach()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# leave_it_to(<prefix>): build nothing; say so and leave a note, since colcon wants an install target.
function(leave_it_to prefix)
  message(STATUS "${PROJECT_NAME} is installed in ${prefix}: not built here")
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/${PROJECT_NAME}.txt" "${prefix}\n")
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${PROJECT_NAME}.txt" DESTINATION share/twincell_underlay)
  foreach(shell bash sh zsh)  # colcon's install/setup.bash sources one of each package
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/local_setup.${shell}" "# ${PROJECT_NAME}: see ${prefix}\n")
    install(FILES "${CMAKE_CURRENT_BINARY_DIR}/local_setup.${shell}" DESTINATION share/${PROJECT_NAME})
  endforeach()
endfunction()

# mark_as_underlay(): lets installed_elsewhere tell this build from a ROS installation's own.
function(mark_as_underlay)
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/twincell_underlay" "built by twincell's ros2_ws/underlay\n")
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/twincell_underlay" DESTINATION share/${PROJECT_NAME})
endfunction()
