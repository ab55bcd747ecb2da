# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
source_package=zlib version=1.2.13.dfsg-1

build() {
  # Debian's tarball is without the makefile for Windows.
  local file
  for file in "$source"/*.c; do
    # shellcheck disable=SC2086  # flags are words
    "$host-gcc-posix" $flags -c "$file"
  done
  mkdir -p "$out/include" "$out/lib"
  "$host-gcc-ar-posix" rcsD "$out/lib/libz.a" ./*.o
  cp "$source/zlib.h" "$source/zconf.h" "$out/include/"
}
