# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
source_package=abseil version=20220623.1-1+deb12u2

build() {
  # Nobody here has command-line flags by Abseil.
  sed -i '/add_subdirectory(flags)/d' "$source/absl/CMakeLists.txt"
  # Each library's files are compiled as one, in less than half of the time; but not those that name things of their own alike.
  echo 'set_source_files_properties(numbers.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)' >> "$source/absl/strings/CMakeLists.txt"
  echo 'set_source_files_properties(time.cc internal/cctz/src/time_zone_posix.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)' \
    >> "$source/absl/time/CMakeLists.txt"
  cmake_build -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0 -DABSL_PROPAGATE_CXX_STD=ON -DABSL_ENABLE_INSTALL=ON
}
