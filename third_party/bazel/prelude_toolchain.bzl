"""Bazel's own C++ toolchain, as it finds it on this machine, with third_party/prelude before every C++ file.

Half of the time that a file of ours takes to compile is spent on the headers of others. A build that is not optimised as
.bazelrc says (sanitizers, fuzzers) uses Bazel's toolchain as it is.
"""

# Behind a precompiled header g++ 12 no longer knows that std::string is the system's, and warns of lengths that are none.
# Builds without a prelude look for those that are some; tools/test --ubsan is optimised as much.
PRELUDE_WARNINGS = ["-Wno-array-bounds", "-Wno-stringop-overflow", "-Wno-stringop-overread"]

def _prelude_toolchain_impl(repository_ctx):
    for source in ["third_party/prelude:compile", "third_party/prelude:hozen-prelude.h", "tools:setup"]:
        # Bazel does this again where one of them changes.
        repository_ctx.path(Label("//" + source))
    made = repository_ctx.execute([repository_ctx.path(repository_ctx.attr.kept)])
    if made.return_code != 0:
        fail("the prelude could not be compiled; run tools/setup\n%s" % made.stderr)
    folder = made.stdout.strip()
    build = repository_ctx.read(Label("@local_config_cc//:BUILD"))
    for old, new in [
        ('load(":', 'load("@local_config_cc//:'),
        ('":builtin_include_directory_paths"', '"@local_config_cc//:builtin_include_directory_paths"'),
        ("cxx_builtin_include_directories = [", 'cxx_builtin_include_directories = ["%s", ' % folder),
        ('opt_compile_flags = [', 'opt_compile_flags = ["-DHOZEN_PRELUDE", '),
        ('cxx_flags = ["-std=c++0x"]', "cxx_flags = " + repr(["-include", folder + "/hozen-prelude.h"] + PRELUDE_WARNINGS)),
    ]:
        if old not in build:
            fail("Bazel's toolchain is not as Debian 12's Bazel writes it: it has no %s" % old)
        build = build.replace(old, new)
    repository_ctx.file("BUILD", build)

prelude_toolchain = repository_rule(
    implementation = _prelude_toolchain_impl,
    attrs = {
        "kept": attr.label(default = "//third_party/prelude:kept", allow_single_file = True),
    },
    environ = ["HOZEN_PRELUDE_CACHE"],
    local = True,
)
