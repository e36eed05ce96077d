# cmake -DROOT=... -P check_bad_inputs.cmake
# Every test that docs/bad-inputs.md names exists, also in the suites of the testkit: a table that outlives its tests says nothing.
cmake_minimum_required(VERSION 3.25)

file(READ ${ROOT}/docs/bad-inputs.md table)
string(REGEX MATCHALL "`[A-Z][A-Za-z0-9]+\\.[A-Z][A-Za-z0-9]+`" named "${table}")
list(REMOVE_DUPLICATES named)
file(GLOB_RECURSE sources ${ROOT}/modules/*test.cpp ${ROOT}/providers/*test.cpp
  ${ROOT}/simulators/*test.cpp ${ROOT}/tests/*test.cpp
  ${ROOT}/testkit/include/*.hpp)
set(tests "")
foreach(source ${sources})
  file(STRINGS ${source} lines REGEX "^TEST(_F|_P)?\\(")
  string(APPEND tests "${lines}\n")
endforeach()
set(missing "")
foreach(name ${named})
  string(REGEX REPLACE "`(.*)\\.(.*)`" "(\\1, \\2)" as_written "${name}")
  string(FIND "${tests}" "${as_written}" at)
  if(at EQUAL -1)
    string(APPEND missing "  ${name}\n")
  endif()
endforeach()
list(LENGTH named count)
if(missing OR count LESS 50)
  message(FATAL_ERROR "docs/bad-inputs.md names ${count} tests; these are not there:\n${missing}")
endif()
message(STATUS "${count} tests, all there")
