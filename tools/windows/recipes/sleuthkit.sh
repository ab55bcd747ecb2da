# shellcheck shell=bash disable=SC2034,SC2154,SC2164  # read by tools/windows/sysroot, which sets the rest and ends at a failure
source_package=sleuthkit version=4.14.0+dfsg-1
needs=(zlib)
patches=(sleuthkit-mingw.patch)

build() {
  # Disk images in files of their own kind are opened by agent/volume itself.
  cd "$source"
  autoreconf --install --force
  ./configure --host="$host" --prefix=/hozen --disable-shared --disable-java --disable-cppunit \
    --without-libewf --without-libvhdi --without-libvmdk --without-libvslvm --without-libbfio --without-libqcow \
    --without-afflib --without-libcrypto \
    ac_cv_search_regexec='none required' PKG_CONFIG=/bin/false \
    CPPFLAGS="-I$prefix/include" LDFLAGS="-L$prefix/lib" CC="$host-gcc-posix" CXX="$host-g++-posix" AR="$host-gcc-ar-posix" RANLIB="$host-gcc-ranlib-posix" \
    CFLAGS="$flags" CXXFLAGS="$flags -std=gnu++17"
  make -C tsk -j "$jobs"
  make -C tsk DESTDIR="$stage" install-exec
  make DESTDIR="$stage" install-nobase_includeHEADERS
  rm -f "$out"/lib/*.la
}
