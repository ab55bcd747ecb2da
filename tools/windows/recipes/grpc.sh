# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
source_package=grpc version=1.51.1-3
needs=(zlib abseil protobuf openssl)
patches=(grpc-partial-send.patch)

build() {
  # The agent knows its collector by address, so xDS and the route lookup service, with the protocol descriptions and
  # the rules of authorization that they bring, would be code that nobody calls. Load reports (orca) are part of every
  # channel and stay. Names are looked up by Windows, which knows its rules for them, rather than by c-ares. What is left
  # of gRPC waits for the network or for zstd, so it is compiled for size.
  sed -i -E '/xds\/(data|service)\/orca/!{/^  src\/(core|cpp)\/.*(envoy|udpa|xds|\/rls|lookup|opencensus|cncf|upbdefs|rbac|google_c2p|c_ares\/grpc_ares|matchers|grpc_authorization_engine).*\.(cc|c)$/d}' \
    "$source/CMakeLists.txt"
  flags="${flags/-O2/-Os} -DGRPC_ARES=0 -DGRPC_NO_XDS -DGRPC_NO_RLS"
  # Thirty files are compiled as one, which takes less than a third of the time; but not those that define what another one does.
  local alone
  alone=$(cd "$source" && {
    find src/core/tsi src/core/ext/upb-generated src/core/lib/security/credentials/{alts,external} -name '*.c*'
    grep -rl g_gli_initializer src/cpp
    printf 'src/core/%s.cc\n' lib/gpr/tmpfile_windows ext/transport/chttp2/transport/bin_encoder \
      ext/filters/client_channel/lb_policy/weighted_target/weighted_target ext/filters/message_size/message_size_filter
  })
  printf 'set_source_files_properties(%s PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)\n' "${alone//$'\n'/ }" >> "$source/CMakeLists.txt"
  # Half of most files' compilation is the same headers of others: those are compiled once. CMake's own tries come
  # without the folder of Abseil.
  local prelude=$work/build/prelude.h
  {
    printf '#include <%s>\n' algorithm atomic functional map memory set string unordered_map utility vector
    echo '#if __has_include(<absl/status/statusor.h>)'
    printf '#include <absl/%s.h>\n' container/flat_hash_map container/inlined_vector functional/function_ref \
      memory/memory status/statusor strings/{cord,match,numbers,str_cat,str_format,str_join,str_split} \
      types/{optional,span,variant}
    echo '#endif'
  } > "$prelude"
  # shellcheck disable=SC2086  # flags are words
  "$host-g++-posix" $flags -std=c++17 -isystem "$prefix/include" -x c++-header "$prelude" -o "$prelude.gch"
  cmake_configure "-DCMAKE_CXX_FLAGS=$flags -Winvalid-pch -include $prelude" \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=30 -DgRPC_INSTALL=OFF -DgRPC_BUILD_TESTS=OFF -DgRPC_BUILD_CODEGEN=OFF -DgRPC_BUILD_CSHARP_EXT=OFF \
    -DgRPC_BUILD_GRPC_CPP_PLUGIN=OFF -DgRPC_BUILD_GRPC_CSHARP_PLUGIN=OFF -DgRPC_BUILD_GRPC_NODE_PLUGIN=OFF \
    -DgRPC_BUILD_GRPC_OBJECTIVE_C_PLUGIN=OFF -DgRPC_BUILD_GRPC_PHP_PLUGIN=OFF -DgRPC_BUILD_GRPC_PYTHON_PLUGIN=OFF \
    -DgRPC_BUILD_GRPC_RUBY_PLUGIN=OFF -DgRPC_ABSL_PROVIDER=package -DgRPC_CARES_PROVIDER=none \
    -DgRPC_PROTOBUF_PROVIDER=package -DgRPC_PROTOBUF_PACKAGE_TYPE=CONFIG -DgRPC_RE2_PROVIDER=none \
    -DgRPC_SSL_PROVIDER=package -DgRPC_ZLIB_PROVIDER=package -DOPENSSL_USE_STATIC_LIBS=ON
  # Of its hundred targets these are what a client and a server need.
  cmake --build . --parallel "$jobs" --target grpc++
  mkdir -p "$out/include" "$out/lib"
  cp libgrpc++.a libgrpc.a libgpr.a libupb.a libaddress_sorting.a "$out/lib/"
  cp -r "$source/include/grpc" "$source/include/grpc++" "$source/include/grpcpp" "$out/include/"
}
