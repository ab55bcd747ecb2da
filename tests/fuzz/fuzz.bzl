"""One parser, two ways to fuzz it."""

def hozen_fuzz(name, src, deps):
    """A fuzz target: `<name>_test` runs it over deterministic mutations in every test run; `<name>_fuzzer` is for libFuzzer.

    Args:
      name: what is parsed.
      src: a file with LLVMFuzzerTestOneInput and HozenFuzzSeeds.
      deps: what it needs.
    """
    native.cc_test(
        name = name + "_test",
        size = "medium",
        srcs = [src],
        deps = deps + [
            ":fuzz_target",
            ":mutating_driver",
        ],
    )
    native.cc_binary(
        name = name + "_fuzzer",
        testonly = True,
        srcs = [src],
        copts = ["-fsanitize=fuzzer,address"],
        linkopts = ["-fsanitize=fuzzer,address"],
        tags = ["manual"],
        deps = deps + [":fuzz_target"],
    )
