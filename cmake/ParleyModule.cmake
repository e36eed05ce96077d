# parley_module(<name> LAYER <layer> [DEPENDS modules...] [SOURCES ...] [LIBRARIES ...]
#               [TESTS ...] [TEST_DEPENDS modules...] [TEST_LIBRARIES ...])
#
# Makes the library parley_<name> from modules/<name>. Its public headers are include/parley/<name>/.
# DEPENDS names every module whose headers it includes, public or private, also those it only meets
# through another module's header: include folders are not handed on, so an undeclared include does
# not compile. The configure step fails on an upward edge, on an edge between products, on a module
# that is not defined yet (and so on every cycle).
#
# parley_provider(<family>/<vendor> ...) is the same for an adapter under providers/.

set(PARLEY_LAYERS foundation platform capability product edge)

# The precompiled header every target reuses: what nearly all of the code includes anyway.
function(parley_make_pch)
  file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "")
  add_library(parley_pch STATIC ${CMAKE_BINARY_DIR}/pch.cpp)
  target_link_libraries(parley_pch PRIVATE parley_options Threads::Threads)
  target_precompile_headers(parley_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.hpp)
endfunction()

# The one of the tests, which are not optimized: what they test is, and their own code is half of all
# there is to compile.
set(PARLEY_TEST_OPTIONS -O0)
function(_parley_make_test_pch)
  file(WRITE ${CMAKE_BINARY_DIR}/test_pch.cpp "")
  add_library(parley_test_pch STATIC ${CMAKE_BINARY_DIR}/test_pch.cpp)
  target_link_libraries(parley_test_pch PRIVATE parley_options Threads::Threads GTest::gmock)
  target_compile_options(parley_test_pch PRIVATE ${PARLEY_TEST_OPTIONS})
  target_precompile_headers(parley_test_pch PRIVATE
    ${CMAKE_SOURCE_DIR}/cmake/pch.hpp <gmock/gmock.h> <gtest/gtest.h>)
endfunction()

function(_parley_library target name layer directory)
  cmake_parse_arguments(M "" "" "DEPENDS;SOURCES;LIBRARIES" ${ARGN})
  list(FIND PARLEY_LAYERS ${layer} rank)
  if(rank LESS 0)
    message(FATAL_ERROR "${name}: unknown layer '${layer}'")
  endif()
  if(NOT M_SOURCES)
    message(FATAL_ERROR "${name}: no SOURCES")
  endif()
  add_library(${target} STATIC ${M_SOURCES})
  set_property(GLOBAL PROPERTY PARLEY_LAYER_${name} ${layer})
  set_property(GLOBAL PROPERTY PARLEY_INCLUDE_${name} ${directory}/include)
  set_property(GLOBAL APPEND PROPERTY PARLEY_MODULES ${name})
  target_include_directories(${target} PRIVATE ${directory}/include ${directory}/src)
  foreach(dependency IN LISTS M_DEPENDS)
    get_property(dependency_layer GLOBAL PROPERTY PARLEY_LAYER_${dependency})
    if(NOT dependency_layer)
      message(FATAL_ERROR "${name} depends on '${dependency}', which is not a module defined before it: "
                          "a typo, a wrong order in modules/CMakeLists.txt, or a cycle")
    endif()
    list(FIND PARLEY_LAYERS ${dependency_layer} dependency_rank)
    if(dependency_rank GREATER rank)
      message(FATAL_ERROR "${name} (${layer}) must not depend on ${dependency} (${dependency_layer}): upward edge")
    endif()
    if(layer STREQUAL product AND dependency_layer STREQUAL product)
      message(FATAL_ERROR "${name} must not depend on ${dependency}: products speak through events or ports")
    endif()
  endforeach()
  _parley_use_modules(${target} ${M_DEPENDS})
  target_link_libraries(${target} PRIVATE parley_options Threads::Threads ${M_LIBRARIES})
  target_precompile_headers(${target} REUSE_FROM parley_pch)
endfunction()

# Include folders of exactly these modules, and their libraries to link.
function(_parley_use_modules target)
  foreach(module IN LISTS ARGN)
    get_property(include GLOBAL PROPERTY PARLEY_INCLUDE_${module})
    if(NOT include)
      message(FATAL_ERROR "${target}: '${module}' is not a module defined before it")
    endif()
    target_include_directories(${target} PRIVATE ${include})
    string(REPLACE "/" "_" flat ${module})
    target_link_libraries(${target} PUBLIC $<LINK_ONLY:parley_${flat}>)
  endforeach()
endfunction()

# Tests are declared beside their module and made at the end, when the testkit exists.
function(_parley_declare_tests name directory)
  cmake_parse_arguments(M "" "" "DEPENDS;LIBRARIES;TESTS;TEST_DEPENDS;TEST_LIBRARIES" ${ARGN})
  if(NOT M_TESTS)
    return()
  endif()
  string(REPLACE "/" "_" flat ${name})
  list(TRANSFORM M_TESTS PREPEND ${directory}/)
  set_property(GLOBAL APPEND PROPERTY PARLEY_TESTED ${flat})
  set_property(GLOBAL PROPERTY PARLEY_TEST_${flat}_SOURCES ${M_TESTS})
  set_property(GLOBAL PROPERTY PARLEY_TEST_${flat}_MODULES ${name} ${M_DEPENDS} ${M_TEST_DEPENDS})
  set_property(GLOBAL PROPERTY PARLEY_TEST_${flat}_LIBRARIES ${M_LIBRARIES} ${M_TEST_LIBRARIES})
  set_property(GLOBAL PROPERTY PARLEY_TEST_${flat}_DIRECTORY ${directory})
endfunction()

function(parley_module name)
  cmake_parse_arguments(M "" "LAYER" "DEPENDS;SOURCES;LIBRARIES;TESTS;TEST_DEPENDS;TEST_LIBRARIES" ${ARGN})
  if(NOT name STREQUAL base)
    list(PREPEND M_DEPENDS base)
  endif()
  _parley_library(parley_${name} ${name} ${M_LAYER} ${CMAKE_CURRENT_SOURCE_DIR}
    DEPENDS ${M_DEPENDS} SOURCES ${M_SOURCES} LIBRARIES ${M_LIBRARIES})
  _parley_declare_tests(${name} ${CMAKE_CURRENT_SOURCE_DIR}
    DEPENDS ${M_DEPENDS} LIBRARIES ${M_LIBRARIES} TESTS ${M_TESTS}
    TEST_DEPENDS ${M_TEST_DEPENDS} TEST_LIBRARIES ${M_TEST_LIBRARIES})
endfunction()

function(parley_provider name)
  parley_module_at(${name} edge ${ARGN})
endfunction()

# A library outside modules/: providers, simulators, the testkit. Headers in include/ as everywhere.
function(parley_module_at name layer)
  cmake_parse_arguments(M "" "" "DEPENDS;SOURCES;LIBRARIES;TESTS;TEST_DEPENDS;TEST_LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" flat ${name})
  list(PREPEND M_DEPENDS base)
  _parley_library(parley_${flat} ${name} ${layer} ${CMAKE_CURRENT_SOURCE_DIR}
    DEPENDS ${M_DEPENDS} SOURCES ${M_SOURCES} LIBRARIES ${M_LIBRARIES})
  _parley_declare_tests(${name} ${CMAKE_CURRENT_SOURCE_DIR}
    DEPENDS ${M_DEPENDS} LIBRARIES ${M_LIBRARIES} TESTS ${M_TESTS}
    TEST_DEPENDS ${M_TEST_DEPENDS} TEST_LIBRARIES ${M_TEST_LIBRARIES})
endfunction()

# One test program for each module, one ctest entry each; --gtest_filter runs any part of it.
function(parley_add_tests)
  get_property(tested GLOBAL PROPERTY PARLEY_TESTED)
  foreach(flat IN LISTS tested)
    foreach(part SOURCES MODULES LIBRARIES DIRECTORY)
      get_property(T_${part} GLOBAL PROPERTY PARLEY_TEST_${flat}_${part})
    endforeach()
    parley_test(${flat}_tests SOURCES ${T_SOURCES} MODULES ${T_MODULES} LIBRARIES ${T_LIBRARIES})
    # Tests may look at their own module's private headers.
    target_include_directories(${flat}_tests PRIVATE ${T_DIRECTORY}/src ${T_DIRECTORY}/tests)
  endforeach()
endfunction()

# PARTS n: its tests run in so many processes side by side.
function(parley_test name)
  cmake_parse_arguments(T "" "TIMEOUT;PARTS" "SOURCES;MODULES;LIBRARIES" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 600)
  endif()
  if(NOT TARGET parley_test_pch)
    _parley_make_test_pch()
  endif()
  add_executable(${name} ${T_SOURCES})
  target_compile_options(${name} PRIVATE ${PARLEY_TEST_OPTIONS})
  # First, because libwebrtc_audio_processing.so exports a main() of its own.
  target_link_libraries(${name} PRIVATE GTest::gtest_main)
  set(modules base testkit ${T_MODULES})
  list(REMOVE_DUPLICATES modules)
  _parley_use_modules(${name} ${modules})
  target_link_libraries(${name} PRIVATE parley_options Threads::Threads GTest::gmock ${T_LIBRARIES})
  target_precompile_headers(${name} REUSE_FROM parley_test_pch)
  target_compile_definitions(${name} PRIVATE PARLEY_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    PARLEY_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(T_PARTS)
    add_test(NAME ${name}
      COMMAND ${CMAKE_SOURCE_DIR}/cmake/run_in_parts $<TARGET_FILE:${name}> ${T_PARTS})
  else()
    add_test(NAME ${name} COMMAND ${name})
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT})
endfunction()
