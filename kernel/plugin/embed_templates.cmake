# Writes a C++ source that holds sdk/templates/*/* and the Rust declarations as text.
#
#   cmake -DOUT=FILE.cc -DSDK=DIR -P embed_templates.cmake
set(text "// Written by the build from sdk/templates and sdk/rust.\n#include \"kernel/plugin/scaffold.h\"\n\n")
string(APPEND text "namespace switchyard::plugin {\n\nconst std::vector<Template>& templates() {\n")
string(APPEND text "  static const std::vector<Template> kAll = {\n")
file(GLOB files RELATIVE ${SDK}/templates ${SDK}/templates/*/*)
foreach(key ${files} rust/switchyard.rs)
  set(path ${SDK}/templates/${key})
  if(key STREQUAL "rust/switchyard.rs")
    set(path ${SDK}/rust/switchyard.rs)
  endif()
  file(READ ${path} content)
  string(APPEND text "      {\"${key}\", R\"__sw__(${content})__sw__\"},\n")
endforeach()
string(APPEND text "  };\n  return kAll;\n}\n\n}  // namespace switchyard::plugin\n")
file(WRITE ${OUT} "${text}")
