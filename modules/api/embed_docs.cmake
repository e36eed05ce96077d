# cmake -DFOLDER=web -DOUT=file.cpp -P embed_docs.cmake
# Writes the documentation page's files as constants.
set(text "// Generated from modules/api/web by embed_docs.cmake.\n#include \"docs_files.hpp\"\n\nnamespace parley::api::docs {\n\n")
foreach(file index.html docs.js docs.css)
  file(READ ${FOLDER}/${file} content)
  string(REPLACE "." "_" name ${file})
  string(APPEND text "const std::string_view ${name} = R\"parley_web(${content})parley_web\";\n\n")
endforeach()
file(WRITE ${OUT} "${text}}  // namespace parley::api::docs\n")
