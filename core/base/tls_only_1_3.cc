#include "core/base/tls_only_1_3.h"

#include <cstdlib>

namespace hozen {

void RequireTls13() {
  constexpr char kVariable[] = "GRPC_SSL_CIPHER_SUITES";
  constexpr char kSuite[] = "ECDHE-RSA-AES256-GCM-SHA384";
#ifdef _WIN32
  ::_putenv_s(kVariable, kSuite);
#else
  ::setenv(kVariable, kSuite, /*overwrite=*/1);
#endif
}

}  // namespace hozen
