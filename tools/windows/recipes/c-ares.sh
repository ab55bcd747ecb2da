# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
source_package=c-ares version=1.18.1-3
patches=(c-ares-address-size.patch)

build() {
  flags+=' -DCARES_STATICLIB'
  cmake_build -DCARES_STATIC=ON -DCARES_SHARED=OFF -DCARES_BUILD_TOOLS=OFF -DCARES_BUILD_TESTS=OFF
}
