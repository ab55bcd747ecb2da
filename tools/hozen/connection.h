// The collector over gRPC with mutual TLS 1.3: who we are and whom we trust both come from the credential.
#ifndef HOZEN_TOOLS_HOZEN_CONNECTION_H_
#define HOZEN_TOOLS_HOZEN_CONNECTION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "proto/hozen/v1/credential.pb.h"
#include "tools/hozen/collector.h"

namespace hozen {

// Connects at the first call. The collector must present a certificate that leads to the credential's root and bears
// the credential's collector_name, whatever the address is. InvalidArgument where the credential lacks a part.
// What comes back is thread-safe.
absl::StatusOr<std::unique_ptr<Collector>> ConnectCollector(const v1::Credential& credential);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_CONNECTION_H_
