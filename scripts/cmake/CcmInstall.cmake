# SPDX-License-Identifier: Apache-2.0
# `cmake --install BUILD --prefix /usr`: what a host needs, at the places where Debian's nginx and Apache, and the
# modules themselves, look for it. The modules find the agent in /usr/lib/ccm.
install(TARGETS ccmctl RUNTIME DESTINATION bin)
install(TARGETS ccm-agent RUNTIME DESTINATION lib/ccm)
install(TARGETS ngx_ccm_module LIBRARY DESTINATION lib/nginx/modules)
install(TARGETS mod_ccm LIBRARY DESTINATION lib/apache2/modules)
# The agent's account: declared for systemd, and made at once when root installs on the running system.
install(FILES "${PROJECT_SOURCE_DIR}/scripts/cmake/ccm-sysusers.conf" DESTINATION lib/sysusers.d RENAME ccm.conf)
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
# For `a2enmod ccm`.
install(FILES "${PROJECT_SOURCE_DIR}/apache_module/ccm.load" DESTINATION /etc/apache2/mods-available)
