# What `make install` and `make package` put where. Two parts: `server` (the latchkey program) and `sdk` (the client library).
include(CMakePackageConfigHelpers)

# Installs the template without its .in, with %PREFIX% filled in while installing: only then it is known.
function(latchkey_install_with_prefix template destination component)
  get_filename_component(name ${template} NAME_WLE)
  configure_file(${CMAKE_SOURCE_DIR}/${template} ${CMAKE_BINARY_DIR}/${name}.in @ONLY)
  install(CODE "
    file(READ \"${CMAKE_BINARY_DIR}/${name}.in\" text)
    string(REPLACE \"%PREFIX%\" \"\${CMAKE_INSTALL_PREFIX}\" text \"\${text}\")
    file(WRITE \"${CMAKE_BINARY_DIR}/${name}\" \"\${text}\")" COMPONENT ${component})
  install(FILES ${CMAKE_BINARY_DIR}/${name} DESTINATION ${destination} COMPONENT ${component})
endfunction()

if(TARGET latchkey_cli)
  install(TARGETS latchkey_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
endif()
install(FILES ${CMAKE_SOURCE_DIR}/packaging/man/latchkey.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT server)
latchkey_install_with_prefix(packaging/systemd/latchkey.service.in lib/systemd/system server)
install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT server)
# Each package brings its license and its changes, as Debian names them.
function(latchkey_install_papers package component)
  install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} RENAME copyright
          COMPONENT ${component})
  install(FILES ${CMAKE_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} RENAME changelog
          COMPONENT ${component})
endfunction()
latchkey_install_papers(latchkey server)
latchkey_install_papers(liblatchkey-dev sdk)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT server FILES_MATCHING PATTERN "*.md")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/latchkey)
install(TARGETS latchkey_shared EXPORT latchkey_targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT sdk NAMELINK_COMPONENT sdk)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/latchkey DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT sdk
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(EXPORT latchkey_targets FILE latchkey-targets.cmake NAMESPACE latchkey:: DESTINATION ${package_dir} COMPONENT sdk)
configure_package_config_file(${CMAKE_SOURCE_DIR}/packaging/cmake/latchkey-config.cmake.in
                              ${CMAKE_BINARY_DIR}/latchkey-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/latchkey-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/latchkey-config.cmake ${CMAKE_BINARY_DIR}/latchkey-config-version.cmake
        DESTINATION ${package_dir} COMPONENT sdk)
latchkey_install_with_prefix(packaging/pkgconfig/latchkey.pc.in ${CMAKE_INSTALL_LIBDIR}/pkgconfig sdk)

# Debian packages.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME latchkey)
set(CPACK_PACKAGE_VENDOR "The Latchkey authors")
set(CPACK_PACKAGE_CONTACT "The Latchkey authors <maintainers@latchkey.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/packaging/cmake/compress.cmake)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL server sdk)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_NAME latchkey)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/packaging/deb/postinst;${CMAKE_SOURCE_DIR}/packaging/deb/prerm;${CMAKE_SOURCE_DIR}/packaging/deb/postrm")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENT_SERVER_DESCRIPTION "Software licensing server that speaks the Keygen v1 API")
set(CPACK_DEBIAN_SDK_PACKAGE_NAME liblatchkey-dev)
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_SDK_DESCRIPTION "Client library of Latchkey: offline-first software licensing")
include(CPack)
