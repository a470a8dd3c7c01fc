# CPack runs this on the files of the packages before it packs them: Debian wants man pages and changelogs compressed.
file(GLOB_RECURSE files ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach(file ${files})
  if(file MATCHES "/man/man[1-9]/[^/]+\\.[1-9]$" OR file MATCHES "/share/doc/[^/]+/changelog$")
    execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()
