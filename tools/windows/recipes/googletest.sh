# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
# Debian ships GoogleTest as the source that it is meant to be built from.
installed=(googletest)

build() {
  cp -r /usr/src/googletest/. "$source"
  # Its mutexes are Windows' own here, for the library and for those who include its headers alike.
  cmake_build -Dgtest_disable_pthreads=ON
}
