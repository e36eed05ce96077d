# cmake -DPARLEY=... -DEXAMPLE=packaging/parley.toml -DWORK=... -P check_example.cmake
# The annotated example names every setting there is, with its default: with all of its lines taken in,
# `parley config` shows the same values as without a file, and each of them from that file.
cmake_minimum_required(VERSION 3.25)

file(MAKE_DIRECTORY ${WORK})
file(READ ${EXAMPLE} text)
string(REGEX REPLACE "\n# ([a-z_]+ = )" "\n\\1" text "${text}")
file(WRITE ${WORK}/all.toml "${text}")
file(WRITE ${WORK}/empty.toml "")

function(settings_in_force file out)
  execute_process(COMMAND env -i ${PARLEY} --config ${file} config --json
    WORKING_DIRECTORY ${WORK} OUTPUT_VARIABLE json RESULT_VARIABLE status ERROR_VARIABLE problem)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "parley --config ${file} config: ${status} ${problem}")
  endif()
  set(${out} "${json}" PARENT_SCOPE)
endfunction()
settings_in_force(${WORK}/empty.toml defaults)
settings_in_force(${WORK}/all.toml example)

string(JSON count LENGTH "${defaults}")
math(EXPR last "${count} - 1")
set(wrong "")
foreach(i RANGE ${last})
  string(JSON key GET "${defaults}" ${i} key)
  string(JSON value GET "${defaults}" ${i} value)
  string(JSON shown GET "${example}" ${i} value)
  string(JSON source GET "${example}" ${i} source)
  if(key MATCHES "^resilience\\." AND NOT key MATCHES "^resilience\\.twilio\\.")
    continue()  # one service stands for all of them
  endif()
  if(source STREQUAL "default")
    string(APPEND wrong "  ${key} is not in the example\n")
  elseif(NOT value STREQUAL shown)
    string(APPEND wrong "  ${key}: the default is '${value}', the example says '${shown}'\n")
  endif()
endforeach()
if(wrong)
  message(FATAL_ERROR "${EXAMPLE}:\n${wrong}")
endif()
message(STATUS "${count} settings, as in the example")
