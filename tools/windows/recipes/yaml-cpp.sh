# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
# Definitions of artifacts: not for the agent, but core's tests run on Windows too.
source_package=yaml-cpp version=0.7.0+dfsg-8

build() {
  cmake_build -DYAML_CPP_BUILD_TESTS=OFF -DYAML_CPP_BUILD_TOOLS=OFF -DYAML_BUILD_SHARED_LIBS=OFF
}
