# shellcheck shell=bash disable=SC2034,SC2154  # read by tools/windows/sysroot, which sets the rest
source_package=openssl version=3.5.7-1~deb13u2

build() {
  # no-autoload-config: an openssl.cnf that somebody planted on the host must never be read. The folder is one that
  # only administrators may write, for whatever else may look there.
  # What neither TLS 1.2 and 1.3 nor our hashes, signatures and certificates ever take is left out: it would be a megabyte
  # of code that only an attacker could find a use for. ML-KEM stays, for key exchanges that outlive quantum computers.
  local unused=(
    no-aria no-bf no-blake2 no-camellia no-cast no-des no-idea no-rc2 no-rc4 no-seed no-sm4 no-ocb no-siv
    no-md4 no-mdc2 no-rmd160 no-sm3 no-whirlpool no-siphash no-argon2 no-scrypt
    no-dsa no-ec2m no-gost no-ml-dsa no-slh-dsa no-sm2
    no-cmp no-cms no-ct no-ocsp no-rfc3779 no-srp no-srtp no-psk no-ts no-dtls no-tls1 no-tls1_1 no-ssl-trace
  )
  # Nine tenths of a file's compilation are Windows' headers: they are compiled once, with the options that mingw64 adds
  # to ours. They come with UNICODE, so the one file that wants them without says so in another way. The name is a relative
  # one, because OpenSSL keeps its options as a text.
  printf '#include <%s>\n' winsock2.h windows.h > prelude.h
  # shellcheck disable=SC2086  # flags are words
  "$host-gcc-posix" -m64 $flags -DL_ENDIAN -DUNICODE -D_UNICODE -DWIN32_LEAN_AND_MEAN -D_MT -x c-header prelude.h -o prelude.h.gch
  sed -i 's/^#undef UNICODE$/&\n#undef __MINGW_NAME_AW\n#define __MINGW_NAME_AW(name) name##A/' "$source/crypto/bio/bio_addr.c"
  "$source/Configure" mingw64 "--cross-compile-prefix=$host-" CC=gcc-posix CXX=g++-posix \
    "CFLAGS=$flags -Winvalid-pch -include prelude.h" \
    --prefix=/hozen --libdir=lib '--openssldir=C:/Program Files/Common Files/SSL' \
    no-shared no-tests no-apps no-docs no-module no-legacy no-engine no-dso no-autoload-config no-ssl3 no-comp no-quic \
    "${unused[@]}"
  make -j "$jobs" build_libs
  "$host-nm" libcrypto.a | grep ' U gai_strerrorA$' || { echo 'the file that wants no UNICODE has it: see above'; false; }
  make DESTDIR="$stage" install_dev
}
