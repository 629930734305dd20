# SPDX-License-Identifier: Apache-2.0
# Compiler settings of the whole tree: language, warnings, hardening, sanitizers, output folders.

set(CCM_SANITIZE "" CACHE STRING "Sanitizer: address (with undefined behaviour), thread, or empty")
set_property(CACHE CCM_SANITIZE PROPERTY STRINGS "" address thread)
option(CCM_FUZZ "Build the fuzz targets with libFuzzer (clang only)" OFF)
option(CCM_WERROR "Treat warnings as errors" OFF)
# Takes a third of the time of a build from nothing. Off for everyday work: one changed file then costs only itself, and
# a file that forgets an include is found.
option(CCM_UNITY "Compile the files of a target several at once" OFF)
set(CCM_TEST_PARTS 0 CACHE STRING "In how many processes the cases of one test program run; 0: one for each case")
option(CCM_EMULATOR "Build the emulator, without which there are no tests and no quickstart" ON)
set(CCM_FUZZ_SECONDS 20 CACHE STRING "How long the test of one fuzz target runs when CCM_FUZZ is on")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

# Where the server modules put their shared objects.
set(CCM_MODULE_DIRECTORY "${CMAKE_BINARY_DIR}/modules")

# -fPIC alone leaves executables without -pie at link time.
include(CheckPIESupported)
check_pie_supported()

if(CCM_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
endif()

find_program(CCM_CCACHE ccache)
mark_as_advanced(CCM_CCACHE)
if(CCM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A clone in another folder finds what was compiled before; its debug information names the folder of that time.
  set(ccm_launcher "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=locale,time_macros "${CCM_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${ccm_launcher}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ccm_launcher}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CCM_WERROR)
  add_compile_options(-Werror)
endif()

if(CCM_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "CCM_FUZZ needs clang (libFuzzer); use the preset `fuzz` or set CMAKE_CXX_COMPILER=clang++.")
  endif()
  if(CCM_SANITIZE STREQUAL "thread")
    message(FATAL_ERROR "CCM_FUZZ brings its own sanitizers (address, undefined); CCM_SANITIZE=thread contradicts it.")
  endif()
  set(ccm_sanitize_flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(-fsanitize=fuzzer-no-link)
elseif(CCM_SANITIZE STREQUAL "address")
  set(ccm_sanitize_flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
elseif(CCM_SANITIZE STREQUAL "thread")
  set(ccm_sanitize_flags -fsanitize=thread -fno-omit-frame-pointer)
  # g++ 12's ThreadSanitizer dies at start on kernels that randomise 32 bits of addresses
  # (vm.mmap_rnd_bits); CMake runs every test and every discovery through this prefix.
  execute_process(COMMAND setarch -R true RESULT_VARIABLE setarch_result OUTPUT_QUIET ERROR_QUIET)
  if(setarch_result EQUAL 0)
    set(CMAKE_CROSSCOMPILING_EMULATOR setarch -R)
  endif()
elseif(CCM_SANITIZE)
  message(FATAL_ERROR "CCM_SANITIZE=${CCM_SANITIZE} is not known; write address, thread or nothing.")
endif()

if(ccm_sanitize_flags)
  add_compile_options(${ccm_sanitize_flags})
  add_link_options(${ccm_sanitize_flags})
  # These programs are large. lld links them in a third of the time.
  find_program(CCM_LLD ld.lld)
  mark_as_advanced(CCM_LLD)
  if(CCM_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
else()
  # _FORTIFY_SOURCE needs optimisation, and the sanitizers do its work better.
  add_compile_options(
    "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>"
    -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection)
  endif()
endif()
add_link_options(-Wl,-z,relro,-z,now -Wl,-z,noexecstack)
