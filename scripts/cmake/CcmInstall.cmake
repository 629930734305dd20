# SPDX-License-Identifier: Apache-2.0
# `cmake --install BUILD --prefix /usr`: what a host needs, where its servers, systemd and shells look for it. All of it
# goes below the prefix, but for what Debian's Apache reads in /etc. The folders are in CcmPaths.cmake.

option(CCM_INSTALL_STRIPPED "Install programs and modules without their symbols, which are most of their size" ON)
option(CCM_INSTALL_EMULATOR "Install ccm-emulator as well, to try things with" OFF)

if(CCM_INSTALL_STRIPPED)
  install(CODE "set(CMAKE_INSTALL_DO_STRIP 1)")
endif()
install(TARGETS ccmctl RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS ccm-agent RUNTIME DESTINATION "${CCM_AGENT_DIR}")
install(TARGETS ngx_ccm_module LIBRARY DESTINATION "${CCM_NGINX_MODULE_DIR}")
install(TARGETS mod_ccm LIBRARY DESTINATION "${CCM_APACHE_MODULE_DIR}")

# What the templates may name, for the prefix of the installation.
set(ccm_made "${PROJECT_BINARY_DIR}/installed")
install(CODE "
  set(CCM_BINDIR \"${CMAKE_INSTALL_BINDIR}\")
  set(CCM_AGENT_DIR \"${CCM_AGENT_DIR}\")
  set(CCM_APACHE_MODULE_DIR \"${CCM_APACHE_MODULE_DIR}\")
  foreach(folder IN ITEMS CCM_BINDIR CCM_AGENT_DIR CCM_APACHE_MODULE_DIR)
    cmake_path(ABSOLUTE_PATH \${folder} BASE_DIRECTORY \"\${CMAKE_INSTALL_PREFIX}\" NORMALIZE)
  endforeach()
  file(MAKE_DIRECTORY \"${ccm_made}\")
  configure_file(\"${PROJECT_SOURCE_DIR}/packaging/ccm.load.in\" \"${ccm_made}/ccm.load\" @ONLY)
  configure_file(\"${PROJECT_SOURCE_DIR}/packaging/systemd/ccm-agent.service.in\" \"${ccm_made}/ccm-agent.service\" @ONLY)")
install(FILES "${ccm_made}/ccm-agent.service" DESTINATION lib/systemd/system)
if(EXISTS /etc/debian_version)
  install(FILES "${ccm_made}/ccm.load" DESTINATION /etc/apache2/mods-available) # for `a2enmod ccm`
endif()

# What ccmctl generates about itself, and manuals that are pages of the book.
set(page "${PROJECT_SOURCE_DIR}/scripts/generate-manual")
find_program(CCM_LOWDOWN lowdown DOC "Makes manual pages of the book's; without it they are not installed")
mark_as_advanced(CCM_LOWDOWN)
foreach(made IN ITEMS
    "$<TARGET_FILE:ccmctl> generate man|ccmctl.1|${CMAKE_INSTALL_MANDIR}/man1"
    "$<TARGET_FILE:ccmctl> generate bash|ccmctl|${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions"
    "$<TARGET_FILE:ccmctl> generate zsh|_ccmctl|${CMAKE_INSTALL_DATAROOTDIR}/zsh/site-functions"
    "$<TARGET_FILE:ccmctl> generate fish|ccmctl.fish|${CMAKE_INSTALL_DATAROOTDIR}/fish/vendor_completions.d"
    "${page} ngx_ccm_module|ngx_ccm_module.5|${CMAKE_INSTALL_MANDIR}/man5"
    "${page} mod_ccm|mod_ccm.5|${CMAKE_INSTALL_MANDIR}/man5")
  if(made MATCHES "generate-manual" AND NOT CCM_LOWDOWN)
    continue()
  endif()
  string(REPLACE "|" ";" made "${made}")
  list(POP_FRONT made command file folder)
  separate_arguments(command UNIX_COMMAND "${command}")
  list(JOIN command "\" \"" command)
  install(CODE "
    execute_process(COMMAND \"${command}\" OUTPUT_FILE \"${ccm_made}/${file}\" COMMAND_ERROR_IS_FATAL ANY)")
  install(FILES "${ccm_made}/${file}" DESTINATION "${folder}")
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/packaging/man/ccm-agent.8" DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
if(CCM_INSTALL_EMULATOR)
  install(TARGETS ccm-emulator RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(FILES "${PROJECT_SOURCE_DIR}/packaging/man/ccm-emulator.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
endif()

set(packaging "${PROJECT_SOURCE_DIR}/packaging")
install(FILES "${PROJECT_SOURCE_DIR}/NOTICE" "${PROJECT_SOURCE_DIR}/LICENSE"
  DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/ccm-tls")
install(FILES "${packaging}/examples/agent.toml" "${packaging}/examples/apache2.conf" "${packaging}/examples/nginx.conf"
  "${packaging}/examples/ccm-alerts.yml" "${packaging}/examples/ccm-dashboard.json"
  "${packaging}/systemd/apache2-hardening.conf" "${packaging}/systemd/nginx-hardening.conf"
  DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/ccm-tls/examples")

# The agent's account and its state directory: declared for systemd, and the account made at once when root installs on
# the running system.
install(FILES "${packaging}/systemd/ccm.sysusers" DESTINATION lib/sysusers.d RENAME ccm.conf)
install(FILES "${packaging}/systemd/ccm.tmpfiles" DESTINATION lib/tmpfiles.d RENAME ccm.conf)
install(CODE [[
  if("$ENV{DESTDIR}" STREQUAL "")
    execute_process(COMMAND sh -c
      "[ $(id -u) != 0 ] || getent passwd ccm >/dev/null || useradd --system --user-group --no-create-home \
       --home-dir /nonexistent --shell /usr/sbin/nologin --comment 'CCM TLS agent' ccm"
      RESULT_VARIABLE failed)
    if(failed)
      message(WARNING "the account \"ccm\" could not be made; without it the agent does not start")
    endif()
  endif()
]])
