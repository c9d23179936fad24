# switchyard_add_plugin(NAME sources...) builds NAME.so with exactly one exported symbol.
# switchyard_add_plugin_test(NAME sources...) builds a program with the host in memory (switchyard/testing/host.hpp)
# and gives it to CTest; the plugin's own sources are among its sources.
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
  # The server refuses a file that others may write, and umask 002 makes every file such a one.
  add_custom_command(TARGET ${name} POST_BUILD COMMAND chmod go-w $<TARGET_FILE:${name}> VERBATIM)
endfunction()

# The host in memory comes as source: the package serves every architecture and compiler.
set(SWITCHYARD_TESTING_DIR ${SWITCHYARD_SDK_CMAKE_DIR}/testing)
if(NOT EXISTS ${SWITCHYARD_TESTING_DIR})
  set(SWITCHYARD_TESTING_DIR ${SWITCHYARD_SDK_CMAKE_DIR}/../testing)
endif()
function(switchyard_add_plugin_test name)
  if(NOT TARGET switchyard_testing)
    file(GLOB sources ${SWITCHYARD_TESTING_DIR}/*.cc)
    add_library(switchyard_testing STATIC ${sources})
    set_target_properties(switchyard_testing PROPERTIES CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
    target_link_libraries(switchyard_testing PUBLIC Switchyard::sdk ${CMAKE_DL_LIBS})
  endif()
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE switchyard_testing)
  add_test(NAME ${name} COMMAND ${name})
endfunction()
