# SPDX-License-Identifier: Apache-2.0
# Where things are installed: below CMAKE_INSTALL_PREFIX, by the names of GNUInstallDirs. Debian's servers have their
# modules outside of its multiarch folders.
include(GNUInstallDirs)

set(ccm_server_libraries "${CMAKE_INSTALL_LIBDIR}")
set(ccm_apache httpd)
if(EXISTS /etc/debian_version)
  set(ccm_server_libraries lib)
  set(ccm_apache apache2)
endif()
set(CCM_NGINX_MODULE_DIR "${ccm_server_libraries}/nginx/modules" CACHE STRING "Where ngx_ccm_module.so is installed")
set(CCM_APACHE_MODULE_DIR "${ccm_server_libraries}/${ccm_apache}/modules" CACHE STRING "Where mod_ccm.so is installed")
set(CCM_AGENT_DIR "${CMAKE_INSTALL_LIBEXECDIR}/ccm" CACHE STRING "Where ccm-agent is installed")

# Where the agent is, as text of C++. A server module or ccmctl looks where it would be from its own place, so that
# `cmake --install --prefix` may move them all together, and then where this build would install it.
set(ccm_agent_places)
foreach(folder IN ITEMS "${CMAKE_INSTALL_BINDIR}" "${CCM_APACHE_MODULE_DIR}" "${CCM_NGINX_MODULE_DIR}")
  if(NOT IS_ABSOLUTE "${folder}" AND NOT IS_ABSOLUTE "${CCM_AGENT_DIR}")
    file(RELATIVE_PATH way "/prefix/${folder}" "/prefix/${CCM_AGENT_DIR}")
    list(APPEND ccm_agent_places "\"${way}/ccm-agent\"")
  endif()
endforeach()
cmake_path(ABSOLUTE_PATH CCM_AGENT_DIR BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" NORMALIZE OUTPUT_VARIABLE place)
list(APPEND ccm_agent_places "\"${place}/ccm-agent\"")
list(REMOVE_DUPLICATES ccm_agent_places)
list(JOIN ccm_agent_places "," CCM_AGENT_PLACES)
