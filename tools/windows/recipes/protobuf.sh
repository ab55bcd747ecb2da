# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
# The compiler is Debian's own; only the run-time library is for Windows.
source_package=protobuf version=3.21.12-3+deb12u1

build() {
  # The light library is a part of the whole one, and nobody here asks for it alone.
  sed -i 's/add_library(libprotobuf-lite /&EXCLUDE_FROM_ALL /' "$source/cmake/libprotobuf-lite.cmake"
  sed -i 's/libprotobuf-lite libprotobuf/libprotobuf/' "$source/cmake/install.cmake"
  # A dozen files are compiled as one; but not those that name things of their own alike, nor the utilities, of which a
  # program shall take only what it calls: a linker takes whole files.
  local alone
  alone=$(find "$source/src/google/protobuf" -path '*/util/*.cc' -o -name '*.pb.cc' -o -name generated_message_reflection.cc \
    -o -name descriptor.cc)
  {
    printf 'set_source_files_properties(%s PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)\n' "${alone//$'\n'/ }"
    printf 'set_target_properties(libprotobuf PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12\n'
    printf '  UNITY_BUILD_CODE_AFTER_INCLUDE "%s\n%s\n%s")\n' '#ifdef PROTOBUF_NAMESPACE' \
      '#include <google/protobuf/port_undef.inc>' '#endif'
  } >> "$source/cmake/libprotobuf.cmake"
  cmake_build -Dprotobuf_BUILD_PROTOC_BINARIES=OFF -Dprotobuf_BUILD_LIBPROTOC=OFF -Dprotobuf_BUILD_TESTS=OFF \
    -Dprotobuf_WITH_ZLIB=OFF -Dprotobuf_MSVC_STATIC_RUNTIME=OFF
}
