# cmake -DFROM=<folder of package.json> -DTO=<folder> [-DOMIT=optional] -P install.cmake
# Installs what the lock file pins, without running anybody's install scripts.
file(SHA256 ${FROM}/package-lock.json wanted)
set(stamp ${TO}/installed)
if(EXISTS ${stamp})
  file(READ ${stamp} there)
  if(there STREQUAL wanted)
    return()
  endif()
endif()
file(MAKE_DIRECTORY ${TO})
file(COPY ${FROM}/package.json ${FROM}/package-lock.json DESTINATION ${TO})
set(omitted)
if(OMIT)
  set(omitted --omit=${OMIT})
endif()
execute_process(
  COMMAND npm ci ${omitted} --ignore-scripts --no-audit --no-fund --prefer-offline
  WORKING_DIRECTORY ${TO} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(NOT failed EQUAL 0)
  message(FATAL_ERROR "What ${FROM}/package.json names could not be installed from npm:\n${said}")
endif()
file(WRITE ${stamp} ${wanted})
