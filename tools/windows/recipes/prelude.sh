# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
# The headers of others that most of our files include, compiled once: what is built against them takes some two thirds
# of the time. It hides an include that is missing; the build for Linux, which has no such thing, shows it.
needs=(abseil protobuf googletest)

build() {
  local header=$out/include/hozen-prelude.h
  mkdir -p "$out/include"
  {
    printf '#include <%s>\n' algorithm array atomic chrono deque filesystem fstream functional iostream iterator limits \
      map memory optional random set span sstream string string_view system_error thread utility vector \
      absl/{container/{flat_hash_map,flat_hash_set},status/statusor,synchronization/{mutex,notification}}.h \
      absl/strings/{ascii,cord,escaping,match,numbers,str_cat,str_join,str_replace,str_split}.h \
      absl/{time/{clock,time},types/span}.h \
      google/protobuf/{generated_message_util,io/coded_stream,map,message,repeated_field}.h gmock/gmock.h gtest/gtest.h
  } > "$header"
  # With the flags of third_party/bazel/mingw and .bazelrc, or the compiler passes it over and says so.
  # shellcheck disable=SC2086  # options are words
  "$host-g++-posix" $paths -ffile-prefix-map=/usr/lib/gcc/x86_64-w64-mingw32=/hozen/gcc -std=c++20 -O2 \
    -fstack-protector-strong -fcf-protection=full -ffunction-sections -fdata-sections \
    -D_WIN32_WINNT=0x0A00 -DWINVER=0x0A00 -DUNICODE -D_UNICODE -DWIN32_LEAN_AND_MEAN -DNOMINMAX -DNOGDI \
    -D__USE_MINGW_ANSI_STDIO=1 -D_GLIBCXX_ASSERTIONS -UNDEBUG -isystem "$prefix/include" \
    -x c++-header "$header" -o "$header.gch"
}
