# cmake -DFOLDER=web -DOUT=file.cpp -P embed_files.cmake
# Writes the widget's files as constants. A literal holds at most 60 KB, which they stay below.
set(text "// Generated from modules/webvoice/web by embed_files.cmake.\n#include \"widget_files.hpp\"\n\nnamespace parley::webvoice::files {\n\n")
foreach(file widget.js widget-audio.js demo.html demo.css)
  file(READ ${FOLDER}/${file} content)
  string(REGEX REPLACE "[.-]" "_" name ${file})
  string(APPEND text "const std::string_view ${name} = R\"parley_web(${content})parley_web\";\n\n")
endforeach()
file(WRITE ${OUT} "${text}}  // namespace parley::webvoice::files\n")
