# switchyard_add_plugin(NAME sources...) builds NAME.so with exactly one exported symbol.
#
# Used by the core plugins inside the tree and, through find_package(Switchyard), by everyone else.
# Sanitizer builds set SWITCHYARD_SANITIZE: their runtime is resolved at load time.
set(SWITCHYARD_SDK_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})
function(switchyard_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX ".so"
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${SWITCHYARD_SDK_CMAKE_DIR}/plugin.map)
  if(SWITCHYARD_PLUGIN_DIR)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${SWITCHYARD_PLUGIN_DIR})
  endif()
  if(TARGET Switchyard::sdk)
    target_link_libraries(${name} PRIVATE Switchyard::sdk)
  endif()
  # Unique symbols are shared between plugins that know nothing of each other.
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${SWITCHYARD_SDK_CMAKE_DIR}/plugin.map -Wl,-z,now -Wl,-z,noexecstack)
  if(NOT SWITCHYARD_SANITIZE AND NOT SWITCHYARD_FUZZ)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
endfunction()
