# cmake -DFOLDER=migrations -DOUT=file.cpp -P EmbedMigrations.cmake
# Writes the numbered SQL files as one constant table. NNNN_name.sql serves both databases;
# NNNN_name.sqlite.sql and NNNN_name.postgresql.sql stand together where they differ.
cmake_minimum_required(VERSION 3.25)

file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/*.sql)
list(SORT files)
set(steps)
foreach(file IN LISTS files)
  if(NOT file MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)(\\.sqlite|\\.postgresql)?\\.sql$")
    message(FATAL_ERROR "migrations/${file}: the name must be NNNN_name.sql, "
                        "NNNN_name.sqlite.sql or NNNN_name.postgresql.sql")
  endif()
  set(number ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  if(NOT number IN_LIST steps)
    list(APPEND steps ${number})
    set(name_${number} ${name})
  elseif(NOT name_${number} STREQUAL name)
    message(FATAL_ERROR "migrations: number ${number} is taken twice: ${name_${number}} and ${name}")
  endif()
  if(CMAKE_MATCH_3)
    string(SUBSTRING ${CMAKE_MATCH_3} 1 -1 dialect)
    set(text_${dialect}_${number} ${file})
  else()
    set(text_sqlite_${number} ${file})
    set(text_postgresql_${number} ${file})
  endif()
endforeach()

set(rows "")
foreach(number IN LISTS steps)
  math(EXPR value "0 + 1${number} - 10000")
  string(APPEND rows "    {${value}, \"${name_${number}}\"")
  foreach(dialect sqlite postgresql)
    if(NOT text_${dialect}_${number})
      message(FATAL_ERROR "migrations: ${number}_${name_${number}} lacks its .${dialect}.sql")
    endif()
    file(READ ${FOLDER}/${text_${dialect}_${number}} text)
    string(APPEND rows ",\n     R\"parley_sql(${text})parley_sql\"")
  endforeach()
  string(APPEND rows "},\n")
endforeach()
file(WRITE ${OUT} "// Generated from migrations/ by cmake/EmbedMigrations.cmake.
#include <span>

#include \"parley/store/migrations.hpp\"

namespace parley::store {

namespace {

constexpr Migration table[] = {
${rows}};

}  // namespace

std::span<const Migration> migrations() { return table; }

}  // namespace parley::store
")
