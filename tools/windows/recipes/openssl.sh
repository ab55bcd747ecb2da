# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
source_package=openssl version=3.5.7-1~deb13u2

build() {
  # no-autoload-config: an openssl.cnf that somebody planted on the host must never be read. The folder is one that
  # only administrators may write, for whatever else may look there.
  "$source/Configure" mingw64 "--cross-compile-prefix=$host-" CC=gcc-posix CXX=g++-posix "CFLAGS=$flags" \
    --prefix=/hozen --libdir=lib '--openssldir=C:/Program Files/Common Files/SSL' \
    no-shared no-tests no-apps no-docs no-module no-legacy no-engine no-dso no-autoload-config no-ssl3 no-comp no-quic
  make -j "$jobs" build_libs
  make DESTDIR="$stage" install_dev
}
