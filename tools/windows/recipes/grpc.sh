# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
source_package=grpc version=1.51.1-3
needs=(zlib c-ares re2 abseil protobuf openssl)
patches=(grpc-partial-send.patch)

build() {
  flags+=' -DCARES_STATICLIB'
  cmake_configure -DgRPC_INSTALL=OFF -DgRPC_BUILD_TESTS=OFF -DgRPC_BUILD_CODEGEN=OFF -DgRPC_BUILD_CSHARP_EXT=OFF \
    -DgRPC_BUILD_GRPC_CPP_PLUGIN=OFF -DgRPC_BUILD_GRPC_CSHARP_PLUGIN=OFF -DgRPC_BUILD_GRPC_NODE_PLUGIN=OFF \
    -DgRPC_BUILD_GRPC_OBJECTIVE_C_PLUGIN=OFF -DgRPC_BUILD_GRPC_PHP_PLUGIN=OFF -DgRPC_BUILD_GRPC_PYTHON_PLUGIN=OFF \
    -DgRPC_BUILD_GRPC_RUBY_PLUGIN=OFF -DgRPC_ABSL_PROVIDER=package -DgRPC_CARES_PROVIDER=package \
    -DgRPC_PROTOBUF_PROVIDER=package -DgRPC_PROTOBUF_PACKAGE_TYPE=CONFIG -DgRPC_RE2_PROVIDER=package \
    -DgRPC_SSL_PROVIDER=package -DgRPC_ZLIB_PROVIDER=package -DOPENSSL_USE_STATIC_LIBS=ON
  # Of its hundred targets these are what a client and a server need.
  cmake --build . --parallel "$jobs" --target grpc++
  mkdir -p "$out/include" "$out/lib"
  cp libgrpc++.a libgrpc.a libgpr.a libupb.a libaddress_sorting.a "$out/lib/"
  cp -r "$source/include/grpc" "$source/include/grpc++" "$source/include/grpcpp" "$out/include/"
}
