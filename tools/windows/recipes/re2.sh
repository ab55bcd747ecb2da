# shellcheck shell=bash disable=SC2034,SC2154,SC2164  # read by tools/windows/sysroot, which sets the rest and ends at a failure
source_package=re2 version=20220601+dfsg-1
installed=(unicode-data)

build() {
  # Debian takes generated files out and makes them of its unicode-data.
  (
    cd "$source/re2"
    ./make_perl_groups.pl > perl_groups.cc
    python3 make_unicode_casefold.py > unicode_casefold.cc
    python3 make_unicode_groups.py > unicode_groups.cc
  )
  cmake_build -DRE2_BUILD_TESTING=OFF
}
