# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
source_package=abseil version=20220623.1-1+deb12u2

build() {
  # Nobody here has command-line flags by Abseil.
  sed -i '/add_subdirectory(flags)/d' "$source/absl/CMakeLists.txt"
  cmake_build -DABSL_PROPAGATE_CXX_STD=ON -DABSL_ENABLE_INSTALL=ON
}
