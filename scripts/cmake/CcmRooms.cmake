# SPDX-License-Identifier: Apache-2.0
# What is built: everything, or, for nginx's own configure (nginx_module/config), only the nginx module and the core
# that it is made of.

set(CCM_NGINX_OBJECTS "" CACHE PATH
  "Where nginx's own configure puts its headers: the module is built as an archive for it, and nothing else")
set(CCM_CORE_BUILD "" CACHE PATH
  "With CCM_NGINX_OBJECTS: a build of this tree whose core is taken, which does not depend on nginx; empty: it is built")

set(ccm_rooms
  common/base common/crypto common/config common/publication common/policy common/store common/cloud
  common/fleet common/sources common/lifecycle common/launch common/agent common/server common/cli nginx_module apache_module)
if(CCM_NGINX_OBJECTS)
  list(REMOVE_ITEM ccm_rooms common/cloud common/fleet common/sources common/lifecycle common/agent common/cli apache_module)
  if(CCM_CORE_BUILD)
    list(FILTER ccm_rooms EXCLUDE REGEX "^common/")
  endif()
endif()
