# `cmake --install BUILD --prefix /usr`: what a host needs, at the places where Debian's nginx and Apache, and the
# modules themselves, look for it. The modules find the agent in /usr/lib/ccm.
install(TARGETS ccmctl RUNTIME DESTINATION bin)
install(TARGETS ccm-agent RUNTIME DESTINATION lib/ccm)
install(TARGETS ngx_ccm_module LIBRARY DESTINATION lib/nginx/modules)
install(TARGETS mod_ccm LIBRARY DESTINATION lib/apache2/modules)
# For `a2enmod ccm`.
install(FILES "${PROJECT_SOURCE_DIR}/apache_module/ccm.load" DESTINATION /etc/apache2/mods-available)
