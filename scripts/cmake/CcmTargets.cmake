# SPDX-License-Identifier: Apache-2.0
# The functions that the CMakeLists.txt files of the rooms and tests use.

# Target `fuzzers`: every fuzz program. Target `checks`: these and every test program, and through them what they run.
add_custom_target(fuzzers)
add_custom_target(checks)
add_dependencies(checks fuzzers)

function(ccm_add_directory_if_present directory)
  if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${directory}/CMakeLists.txt")
    add_subdirectory("${directory}")
  endif()
endfunction()

# ccm_add_room(<name> SOURCES <file>... [DEPENDS <target>...] [PRIVATE <target>...])
# Static library ccm_<name>. Headers are included as "<name>/file.h". DEPENDS are libraries that its headers
# show, PRIVATE are libraries that only its .cpp files use.
function(ccm_add_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "" "SOURCES;DEPENDS;PRIVATE")
  add_library(ccm_${name} STATIC ${room_SOURCES})
  target_include_directories(ccm_${name} PUBLIC "${PROJECT_SOURCE_DIR}/common")
  target_link_libraries(ccm_${name} PUBLIC ${room_DEPENDS} PRIVATE ${room_PRIVATE})
endfunction()

# ccm_link_closure(<variable> <target>...)
# The words with which a linker that knows nothing of CMake links these targets: one group of all archives and
# libraries that they need, directly or not.
function(ccm_link_closure result)
  set(queue ${ARGN})
  set(seen)
  set(words)
  while(queue)
    list(POP_FRONT queue item)
    string(REGEX REPLACE "^[$]<LINK_ONLY:(.*)>$" "\\1" item "${item}")
    if(item IN_LIST seen)
      continue()
    endif()
    list(APPEND seen "${item}")
    if(NOT TARGET "${item}")
      if(item MATCHES "^[^-/]")
        string(PREPEND item "-l")
      endif()
      list(APPEND words "${item}")
      continue()
    endif()
    get_target_property(type "${item}" TYPE)
    if(NOT type STREQUAL "INTERFACE_LIBRARY")
      list(APPEND words "$<TARGET_LINKER_FILE:${item}>")
    endif()
    foreach(property IN ITEMS LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(needed "${item}" ${property})
      if(needed)
        list(APPEND queue ${needed})
      endif()
    endforeach()
  endwhile()
  list(JOIN words "\n" words)
  set(${result} "-Wl,--start-group\n${words}\n-Wl,--end-group\n-lstdc++\n-lm" PARENT_SCOPE)
endfunction()

# ccm_add_tests(<name> SOURCES <file>... [DEPENDS <target>...])
# Program test_<name>; each of its cases is one ctest case, labelled with its folder below tests/ (unit, contract).
# With CCM_TEST_PARTS each ctest case runs that fraction of the program's cases in one process: a sanitizer needs half a
# second to start one.
# A test finds the folders of the tree through support/folders.h; a program that it starts is named with
# add_dependencies, so that sanitizer builds make it too.
function(ccm_add_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SOURCES;DEPENDS")
  add_executable(test_${name} ${test_SOURCES})
  target_include_directories(test_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(test_${name} PRIVATE
    ${test_DEPENDS} ccm_test_support GTest::gtest_main GTest::gmock)
  add_dependencies(checks test_${name})
  ccm_test_label(label)
  if(CCM_TEST_PARTS)
    ccm_add_test_parts(${name} ${label})
    return()
  endif()
  # Discovery starts every test program once; under a sanitizer on a busy machine that can take a while.
  gtest_discover_tests(test_${name}
    TEST_PREFIX "${name}."
    DISCOVERY_TIMEOUT 120
    PROPERTIES LABELS ${label} TIMEOUT 120)
endfunction()

function(ccm_add_test_parts name label)
  # What is killed or denied at each of its system calls has one thread, and ptrace costs most under ThreadSanitizer.
  if(CCM_SANITIZE STREQUAL "thread")
    set(filter --gtest_filter=-*AtAnySystemCall*)
  endif()
  foreach(part RANGE 1 ${CCM_TEST_PARTS})
    math(EXPR index "${part} - 1")
    add_test(NAME ${name}.${part} COMMAND test_${name} ${filter})
    set_tests_properties(${name}.${part} PROPERTIES LABELS ${label} TIMEOUT 900
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${CCM_TEST_PARTS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()

# ccm_add_fuzzer(<name> SOURCES <file>... [DEPENDS <target>...] [CORPUS <folder>])
# Program fuzz_<name> around LLVMFuzzerTestOneInput. With CCM_FUZZ it is a libFuzzer program whose test fuzzes for
# CCM_FUZZ_SECONDS; otherwise the same target is driven over its seeds (corpus/<name> unless told), so that it is
# always compiled and always run.
function(ccm_add_fuzzer name)
  cmake_parse_arguments(PARSE_ARGV 1 fuzz "" "CORPUS" "SOURCES;DEPENDS")
  if(NOT fuzz_CORPUS)
    set(fuzz_CORPUS "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name}")
  endif()
  add_executable(fuzz_${name} ${fuzz_SOURCES})
  target_include_directories(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(fuzz_${name} PRIVATE ${fuzz_DEPENDS})
  add_dependencies(fuzzers fuzz_${name})
  if(CCM_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    # libFuzzer writes what it finds into its first folder; that must not be the source tree.
    set(found "${CMAKE_CURRENT_BINARY_DIR}/found/${name}")
    file(MAKE_DIRECTORY "${found}")
    add_test(NAME fuzz.${name}
      COMMAND fuzz_${name} -max_total_time=${CCM_FUZZ_SECONDS} -timeout=10 -print_final_stats=1
        -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/ ${found} ${fuzz_CORPUS})
    math(EXPR limit "${CCM_FUZZ_SECONDS} + 120")
  else()
    target_sources(fuzz_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/fuzz_replay.cpp")
    add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${fuzz_CORPUS})
    set(limit 120)
  endif()
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()

# The first folder below tests/ names the kind of test.
function(ccm_test_label result)
  file(RELATIVE_PATH path "${PROJECT_SOURCE_DIR}/tests" "${CMAKE_CURRENT_SOURCE_DIR}")
  string(REGEX REPLACE "/.*" "" label "${path}")
  set(${result} "${label}" PARENT_SCOPE)
endfunction()

# Target `programs`: every executable and module that the given folders define.
function(ccm_add_programs_target)
  add_custom_target(programs)
  foreach(directory IN LISTS ARGN)
    if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${directory}/CMakeLists.txt")
      continue()
    endif()
    get_property(targets DIRECTORY "${PROJECT_SOURCE_DIR}/${directory}" PROPERTY BUILDSYSTEM_TARGETS)
    foreach(target IN LISTS targets)
      get_target_property(type ${target} TYPE)
      if(type MATCHES "^(EXECUTABLE|MODULE_LIBRARY|SHARED_LIBRARY)$")
        add_dependencies(programs ${target})
      endif()
    endforeach()
  endforeach()
endfunction()
