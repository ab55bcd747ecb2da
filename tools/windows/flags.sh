# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which uses and sets the rest
# A build() finds its sources in $source and stands in an empty folder; what it makes goes to $out, or by DESTDIR to
# $stage with /hozen as the prefix.
# How every library is compiled. Windows 10 is the oldest system that we promise to run on.
host=x86_64-w64-mingw32
defines='-D_WIN32_WINNT=0x0A00 -DWINVER=0x0A00'
# No path of the building machine stays in what is shipped.
paths="-ffile-prefix-map=$work=/hozen/$library -ffile-prefix-map=$prefix=/hozen/sysroot"
flags="-O2 -DNDEBUG -fstack-protector-strong -fcf-protection=full -ffunction-sections -fdata-sections $defines $paths"
export SOURCE_DATE_EPOCH=0 LC_ALL=C.UTF-8

# Configures, builds and installs $source with CMake; the arguments go to its configuration.
cmake_build() {
  cmake_configure "$@"
  cmake --build . --parallel "$jobs"
  DESTDIR=$stage cmake --install .
}

cmake_configure() {
  cmake -G 'Unix Makefiles' "$source" -DCMAKE_TOOLCHAIN_FILE="$here/mingw.cmake" -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_FIND_ROOT_PATH="$prefix" -DCMAKE_INSTALL_PREFIX=/hozen -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_CXX_STANDARD=17 -DBUILD_SHARED_LIBS=OFF \
    -DBUILD_TESTING=OFF "$@"
}
