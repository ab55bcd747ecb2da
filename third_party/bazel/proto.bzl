"""Generates C++ from .proto files with the system's protoc and grpc_cpp_plugin."""

def hozen_proto(name, srcs, deps = [], visibility = None):
    """A C++ library of the messages in srcs.

    Args:
      name: of the cc_library.
      srcs: .proto files of this package.
      deps: other hozen_proto libraries of this package.
      visibility: who may use it.
    """
    stems = [src[:-len(".proto")] for src in srcs]
    native.genrule(
        name = name + "_gen",
        srcs = srcs + [":schema"],
        outs = [stem + ext for stem in stems for ext in (".pb.h", ".pb.cc")],
        cmd = "protoc --proto_path=. --cpp_out=$(GENDIR) " + " ".join(["$(locations %s)" % src for src in srcs]),
    )
    native.cc_library(
        name = name,
        srcs = [stem + ".pb.cc" for stem in stems],
        hdrs = [stem + ".pb.h" for stem in stems],
        copts = ["-w"],
        deps = deps + ["//third_party:protobuf"],
        visibility = visibility,
    )

def hozen_grpc(name, srcs, deps, visibility = None):
    """A C++ library of the services in srcs, apart from their messages so that few files see gRPC's headers.

    Args:
      name: of the cc_library.
      srcs: .proto files of this package, already in a hozen_proto.
      deps: the hozen_proto libraries with the messages.
      visibility: who may use it.
    """
    stems = [src[:-len(".proto")] for src in srcs]
    native.genrule(
        name = name + "_gen",
        srcs = srcs + [":schema"],
        outs = [stem + ext for stem in stems for ext in (".grpc.pb.h", ".grpc.pb.cc")],
        cmd = "protoc --proto_path=. --plugin=protoc-gen-grpc=$$(which grpc_cpp_plugin) " +
              "--grpc_out=$(GENDIR) " + " ".join(["$(locations %s)" % src for src in srcs]),
    )
    native.cc_library(
        name = name,
        srcs = [stem + ".grpc.pb.cc" for stem in stems],
        hdrs = [stem + ".grpc.pb.h" for stem in stems],
        copts = ["-w"],
        deps = deps + ["//third_party:grpcpp"],
        visibility = visibility,
    )
