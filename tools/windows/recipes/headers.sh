# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
# Libraries of headers alone: Debian's installed ones serve any system.
installed=(libcli11-dev libfmt-dev libspdlog-dev nlohmann-json3-dev)

build() {
  mkdir -p "$out/include"
  cp -rL /usr/include/CLI /usr/include/fmt /usr/include/nlohmann /usr/include/spdlog "$out/include/"
}
