# Language, warnings and sanitizers: one place for every target.
option(PARLEY_TESTS "Build the tests" ON)
option(PARLEY_BENCH "Build the benchmarks" OFF)
option(PARLEY_FUZZ "Build the libFuzzer targets; with fuzzer-no-link in PARLEY_SANITIZE they are guided" OFF)
option(PARLEY_COVERAGE "Instrument for llvm-cov" OFF)
set(PARLEY_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them: address,undefined or thread")

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_program(PARLEY_CCACHE ccache)
if(PARLEY_CCACHE)
  # The precompiled header must not make every compile look new to ccache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${PARLEY_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

add_library(parley_options INTERFACE)
target_compile_options(parley_options INTERFACE
  -Wall -Wextra -Wconversion -Werror -Wno-missing-field-initializers -fno-omit-frame-pointer
  $<$<COMPILE_LANGUAGE:CXX>:-Xclang=-fno-pch-timestamp>)
target_compile_definitions(parley_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ALL_NO_LIB
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_ERROR_LOCATION BOOST_BEAST_USE_STD_STRING_VIEW
  SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL FMT_SHARED)
target_link_options(parley_options INTERFACE -fuse-ld=lld)
if(PARLEY_SANITIZE)
  target_compile_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE})
endif()
if(PARLEY_COVERAGE)
  target_compile_options(parley_options INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(parley_options INTERFACE -fprofile-instr-generate)
endif()
