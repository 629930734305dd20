# SPDX-License-Identifier: Apache-2.0
# Every library the tree uses, all from Debian, 12 and 13 alike (scripts/bootstrap installs them).

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(tl-expected REQUIRED)
find_package(OpenSSL REQUIRED)
if(OPENSSL_VERSION VERSION_LESS 3.0)
  message(FATAL_ERROR "CCM TLS needs OpenSSL 3.0 or later, and this system has ${OPENSSL_VERSION}. "
    "openEuler 22.03, HCE 2.0 and RHEL 8 are not supported for that reason: docs/platforms.md.")
endif()
pkg_check_modules(idn2 REQUIRED IMPORTED_TARGET libidn2)
# Its header only, in one file of common/config.
find_package(tomlplusplus REQUIRED)

# The server modules need no more.
if(CCM_NGINX_OBJECTS)
  return()
endif()
find_package(CURL REQUIRED)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
find_package(CLI11 REQUIRED)

if(CCM_EMULATOR)
  find_package(nlohmann_json REQUIRED)
  find_package(Boost REQUIRED CONFIG)
endif()

if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
