# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
# The compiler is Debian's own; only the run-time library is for Windows.
source_package=protobuf version=3.21.12-3+deb12u1

build() {
  # The light library is a part of the whole one, and nobody here asks for it alone.
  sed -i 's/add_library(libprotobuf-lite /&EXCLUDE_FROM_ALL /' "$source/cmake/libprotobuf-lite.cmake"
  sed -i 's/libprotobuf-lite libprotobuf/libprotobuf/' "$source/cmake/install.cmake"
  cmake_build -Dprotobuf_BUILD_PROTOC_BINARIES=OFF -Dprotobuf_BUILD_LIBPROTOC=OFF -Dprotobuf_BUILD_TESTS=OFF \
    -Dprotobuf_WITH_ZLIB=OFF -Dprotobuf_MSVC_STATIC_RUNTIME=OFF
}
