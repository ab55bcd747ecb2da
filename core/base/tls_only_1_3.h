// Makes every TLS connection of this process one of TLS 1.3.
#ifndef HOZEN_CORE_BASE_TLS_ONLY_1_3_H_
#define HOZEN_CORE_BASE_TLS_ONLY_1_3_H_

namespace hozen {

// Call first in main: before gRPC is used, and before there are threads, because it changes the environment.
//
// gRPC 1.51 offers TLS 1.2 beside 1.3 and has no public option to change that. What it does have is a list of the
// cipher suites for TLS 1.2, read from the environment (those of TLS 1.3 are not in it). We leave one suite there that
// needs an RSA key at the server; all keys of ours are ECDSA on P-256, so that no handshake of TLS 1.2 can succeed.
void RequireTls13();

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_TLS_ONLY_1_3_H_
