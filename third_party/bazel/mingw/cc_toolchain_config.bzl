"""Debian's mingw-w64 as a C++ toolchain of Bazel 4: static, hardened programs without a path of the building machine."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "artifact_name_pattern",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
    "variable_with_value",
    "with_feature_set",
)
load("//third_party/bazel:prelude_toolchain.bzl", "PRELUDE_WARNINGS")

_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.linkstamp_compile,
]

_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

def _flags(name, actions, flags, only_with = None):
    return feature(
        name = name,
        enabled = True,
        flag_sets = [flag_set(
            actions = actions,
            flag_groups = [flag_group(flags = flags)],
            with_features = [with_feature_set(features = [only_with])] if only_with else [],
        )],
    )

def _archiver_flags():
    # An index, and neither times nor owners.
    return feature(
        name = "archiver_flags",
        flag_sets = [flag_set(
            actions = [ACTION_NAMES.cpp_link_static_library],
            flag_groups = [
                flag_group(flags = ["rcsD"]),
                flag_group(
                    flags = ["%{output_execpath}"],
                    expand_if_available = "output_execpath",
                ),
                flag_group(
                    iterate_over = "libraries_to_link",
                    expand_if_available = "libraries_to_link",
                    flag_groups = [
                        flag_group(
                            flags = ["%{libraries_to_link.name}"],
                            expand_if_equal = variable_with_value(
                                name = "libraries_to_link.type",
                                value = kind,
                            ),
                        )
                        for kind in ["object_file", "static_library"]
                    ] + [flag_group(
                        flags = ["%{libraries_to_link.object_files}"],
                        iterate_over = "libraries_to_link.object_files",
                        expand_if_equal = variable_with_value(
                            name = "libraries_to_link.type",
                            value = "object_file_group",
                        ),
                    )],
                ),
            ],
        )],
    )

def _mingw_toolchain_config_impl(ctx):
    prefix = ctx.attr.prefix
    features = [
        feature(name = "opt"),
        feature(name = "dbg"),
        feature(name = "fastbuild"),
        _flags("default_compile_flags", _COMPILE, [
            # Windows 10 is the oldest system that we promise to run on.
            "-D_WIN32_WINNT=0x0A00",
            "-DWINVER=0x0A00",
            "-DUNICODE",
            "-D_UNICODE",
            # windows.h stays away from names that are ours or the libraries'.
            "-DWIN32_LEAN_AND_MEAN",
            "-DNOMINMAX",
            "-DNOGDI",
            # C's own printf and its formats, not msvcrt's.
            "-D__USE_MINGW_ANSI_STDIO=1",
            "-fcf-protection=full",
            "-ffunction-sections",
            "-fdata-sections",
            "-isystem",
            prefix + "/include",
            "-no-canonical-prefixes",
            "-fno-canonical-system-headers",
            # Neither a time nor a path of the building machine stays in a program.
            "-Wno-builtin-macro-redefined",
            "-D__DATE__=\"redacted\"",
            "-D__TIMESTAMP__=\"redacted\"",
            "-D__TIME__=\"redacted\"",
            "-ffile-prefix-map=" + prefix + "=/hozen/sysroot",
            "-ffile-prefix-map=/usr/lib/gcc/x86_64-w64-mingw32=/hozen/gcc",
        ]),
        _flags("optimised_compile_flags", _COMPILE, ["-O2"], only_with = "opt"),
        # tools/windows/recipes/prelude.sh
        _flags("prelude", [ACTION_NAMES.cpp_compile], [
            "-DHOZEN_PRELUDE",
            "-include",
            prefix + "/include/hozen-prelude.h",
        ] + PRELUDE_WARNINGS, only_with = "opt"),
        _flags("default_link_flags", _LINK, [
            "-L" + prefix + "/lib",
            "-static",
            # Brings the library behind the check.
            "-fstack-protector-strong",
            "-Wl,--gc-sections",
            "-Wl,--dynamicbase",
            "-Wl,--nxcompat",
            "-Wl,--high-entropy-va",
            "-Wl,--no-insert-timestamp",
        ]),
        _flags("optimised_link_flags", _LINK, ["-s"], only_with = "opt"),
        _archiver_flags(),
    ]
    binutils = "/usr/bin/x86_64-w64-mingw32-"
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = "mingw-w64",
        host_system_name = "local",
        target_system_name = "x86_64-w64-mingw32",
        target_cpu = "x64_windows",
        target_libc = "msvcrt",
        compiler = "mingw-gcc",
        abi_version = "posix-seh",
        abi_libc_version = "local",
        features = features,
        tool_paths = [
            # It links too, so it must know where libstdc++ is.
            tool_path(name = "gcc", path = binutils + "g++-posix"),
            # Not gcc-ar, which hands parameter files on wrongly.
            tool_path(name = "ar", path = binutils + "ar"),
            tool_path(name = "cpp", path = binutils + "cpp-posix"),
            tool_path(name = "gcov", path = binutils + "gcov-posix"),
            tool_path(name = "ld", path = binutils + "ld"),
            tool_path(name = "nm", path = binutils + "nm"),
            tool_path(name = "objcopy", path = binutils + "objcopy"),
            tool_path(name = "objdump", path = binutils + "objdump"),
            tool_path(name = "strip", path = binutils + "strip"),
        ],
        artifact_name_patterns = [
            artifact_name_pattern(category_name = "executable", prefix = "", extension = ".exe"),
        ],
        cxx_builtin_include_directories = [
            "/usr/lib/gcc/x86_64-w64-mingw32",
            "/usr/x86_64-w64-mingw32/include",
            "/usr/share/mingw-w64/include",
            prefix + "/include",
        ],
    )

mingw_toolchain_config = rule(
    implementation = _mingw_toolchain_config_impl,
    attrs = {
        # Where tools/windows/sysroot put the libraries.
        "prefix": attr.string(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)
