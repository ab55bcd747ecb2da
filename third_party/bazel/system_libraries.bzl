"""A repository in which each Debian library that we use is one label.

The headers are where the compiler looks anyway (/usr/include), so a label carries only what pkg-config says about
linking. A missing package fails here, once, with the name of the module, rather than in the middle of a compilation.

Libraries in `alone` are linked in from their static archives and share no symbol with the others: see link_alone.sh.
"""

def _system_libraries_impl(repository_ctx):
    pkg_config = repository_ctx.which("pkg-config")
    if not pkg_config:
        fail("pkg-config is not installed; run tools/setup")
    build = ['package(default_visibility = ["//visibility:public"])']
    for label, modules in repository_ctx.attr.modules.items():
        found = repository_ctx.execute([pkg_config, "--libs"] + modules)
        if found.return_code != 0:
            fail("pkg-config does not know %s; run tools/setup\n%s" % (" ".join(modules), found.stderr))
        seen = {}
        for option in found.stdout.strip().split(" "):
            if option:
                seen[option] = True
        build.append('cc_library(name = "%s", linkopts = %s)' % (label, repr(seen.keys())))
    for label, archives in repository_ctx.attr.alone.items():
        made = repository_ctx.execute([repository_ctx.path(repository_ctx.attr.linker), label] + archives)
        if made.return_code != 0:
            fail("%s could not be linked by itself; run tools/setup\n%s" % (label, made.stderr))
        build.append('cc_library(name = "%s", srcs = ["lib%s_alone.a"], linkopts = ["-lz"])' % (label, label))
    repository_ctx.file("BUILD", "\n".join(build) + "\n")

system_libraries = repository_rule(
    implementation = _system_libraries_impl,
    attrs = {
        "modules": attr.string_list_dict(mandatory = True),
        "alone": attr.string_list_dict(),
        "linker": attr.label(default = "//third_party/bazel:link_alone.sh", allow_single_file = True),
    },
    environ = ["PKG_CONFIG_PATH"],
    local = True,
)
