# Build helpers. Flags hang on the interface target latchkey_flags; every library and test of ours links it.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

add_library(latchkey_flags INTERFACE)
target_include_directories(latchkey_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include
                           ${CMAKE_SOURCE_DIR})
target_compile_options(latchkey_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
                       -fstack-protector-strong -fvisibility=hidden)
# One setting for libraries, programs and the shared library, so that all share one precompiled header.
target_compile_options(latchkey_flags INTERFACE -fPIC)
target_compile_definitions(latchkey_flags INTERFACE BOOST_ALL_NO_LIB)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these falsely in optimised Boost and standard library code.
  target_compile_options(latchkey_flags INTERFACE -Wno-maybe-uninitialized -Wno-restrict
                         -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds
                         -Wno-dangling-pointer)
  target_compile_options(latchkey_flags INTERFACE $<$<BOOL:${CCACHE}>:-fpch-preprocess>)
endif()
target_compile_definitions(latchkey_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
if(LATCHKEY_WERROR)
  target_compile_options(latchkey_flags INTERFACE -Werror)
endif()
if(LATCHKEY_SANITIZE)
  target_compile_options(latchkey_flags INTERFACE -fsanitize=${LATCHKEY_SANITIZE}
                         -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(latchkey_flags INTERFACE -fsanitize=${LATCHKEY_SANITIZE})
endif()
find_program(MOLD mold)
if(MOLD)
  target_link_options(latchkey_flags INTERFACE -fuse-ld=mold)
endif()

# latchkey_library(NAME SOURCES... DEPENDS... [PRIVATE...])
# One folder is one library: latchkey_<NAME>, with our flags and the shared precompiled header.
function(latchkey_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(latchkey_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(latchkey_${name} PUBLIC latchkey_flags ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE})
  if(TARGET latchkey_base AND NOT name STREQUAL "base")
    target_precompile_headers(latchkey_${name} REUSE_FROM latchkey_base)
  endif()
endfunction()

# latchkey_test(NAME SOURCES... DEPENDS... [LABELS...] [TIMEOUT seconds])
# A GoogleTest program whose cases ctest sees one by one; run from the source root so that tests find test/.
function(latchkey_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT LATCHKEY_TESTS)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE latchkey_flags ${ARG_DEPENDS} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM latchkey_base)
  gtest_discover_tests(${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} DISCOVERY_MODE PRE_TEST
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()
