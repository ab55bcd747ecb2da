# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
# The headers of others that most of our files include, compiled once: see there.
folder=$here/../../third_party/prelude
files_of_ours=("$folder/hozen-prelude.h" "$folder/compile")
needs=(headers abseil protobuf googletest)

build() {
  # With the flags of third_party/bazel/mingw and .bazelrc, or the compiler passes it over and the header says so.
  # shellcheck disable=SC2086  # options are words
  "$folder/compile" "$out/include" "$host-g++-posix" $paths -ffile-prefix-map=/usr/lib/gcc/x86_64-w64-mingw32=/hozen/gcc -std=c++20 \
    -fstack-protector-strong -fcf-protection=full -ffunction-sections -fdata-sections \
    -D_WIN32_WINNT=0x0A00 -DWINVER=0x0A00 -DUNICODE -D_UNICODE -DWIN32_LEAN_AND_MEAN -DNOMINMAX -DNOGDI \
    -D__USE_MINGW_ANSI_STDIO=1 -D_GLIBCXX_ASSERTIONS -UNDEBUG -DHOZEN_PRELUDE -isystem "$prefix/include"
}
