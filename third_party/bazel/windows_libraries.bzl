"""A repository with the libraries that tools/windows/sysroot has built, under the labels of @system, and the toolchain.

Only a build for Windows asks for it. The prefix has the hash of all that made it in its name and stands in every
command line, so what was compiled against other libraries is never taken from a cache.
"""

_TOOLCHAIN = """
load("@hozen//third_party/bazel/mingw:cc_toolchain_config.bzl", "mingw_toolchain_config")

package(default_visibility = ["//visibility:public"])

filegroup(name = "empty")

mingw_toolchain_config(
    name = "mingw_config",
    prefix = "{prefix}",
)

cc_toolchain(
    name = "mingw",
    all_files = ":empty",
    compiler_files = ":empty",
    dwp_files = ":empty",
    linker_files = ":empty",
    objcopy_files = ":empty",
    strip_files = ":empty",
    supports_param_files = 1,
    toolchain_config = ":mingw_config",
    toolchain_identifier = "mingw-w64",
)

cc_toolchain_suite(
    name = "toolchain",
    toolchains = {{
        "x64_windows": ":mingw",
        "x64_windows|mingw-gcc": ":mingw",
    }},
)
"""

def _windows_libraries_impl(repository_ctx):
    sysroot = repository_ctx.path(repository_ctx.attr.sysroot)
    found = repository_ctx.execute([sysroot, "--print-prefix"])
    prefix = found.stdout.strip()
    if found.return_code != 0:
        fail("the libraries for Windows are not built yet; run tools/windows/sysroot\n" + found.stderr)
    build = [_TOOLCHAIN.format(prefix = prefix)]
    absl = sorted([
        archive.basename[len("lib"):-len(".a")]
        for archive in repository_ctx.path(prefix + "/lib").readdir()
        if archive.basename.startswith("libabsl_")
    ])
    for label, libraries in repository_ctx.attr.libraries.items():
        names = []
        for library in libraries:
            names += absl if library == "absl" else [library]

        # The archives name each other in circles.
        options = ["-Wl,--start-group"] + ["-l" + name for name in names] + ["-Wl,--end-group"]
        build.append('cc_library(name = "%s", linkopts = %s, defines = %s)' % (
            label,
            repr(options if names else []),
            repr(repository_ctx.attr.header_defines.get(label, [])),
        ))
    repository_ctx.file("BUILD", "\n".join(build) + "\n")

windows_libraries = repository_rule(
    implementation = _windows_libraries_impl,
    attrs = {
        "libraries": attr.string_list_dict(mandatory = True),
        "header_defines": attr.string_list_dict(),
        "sysroot": attr.label(default = "//tools/windows:sysroot", allow_single_file = True),
    },
    environ = ["HOZEN_WINDOWS_CACHE"],
    local = True,
)
