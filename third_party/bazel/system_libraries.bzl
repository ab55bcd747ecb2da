"""A repository in which each Debian library that we use is one label.

The headers are where the compiler looks anyway (/usr/include), so a label carries only what pkg-config says about
linking. A missing package fails here, once, with the name of the module, rather than in the middle of a compilation.
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
    repository_ctx.file("BUILD", "\n".join(build) + "\n")

system_libraries = repository_rule(
    implementation = _system_libraries_impl,
    attrs = {"modules": attr.string_list_dict(mandatory = True)},
    environ = ["PKG_CONFIG_PATH"],
    local = True,
)
