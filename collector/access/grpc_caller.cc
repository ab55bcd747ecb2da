#include "collector/access/grpc_caller.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hozen {
namespace {

// gRPC sends the message percent-encoded (up to three times as long) inside 8 KiB of metadata.
constexpr size_t kMaxMessageSizeBytes = 2048;

}  // namespace

absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& context, Catalog& catalog, absl::Time now) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  std::vector<grpc::string_ref> certificates;
  if (auth != nullptr) certificates = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (certificates.size() != 1) {
    return absl::UnauthenticatedError(
        "this call needs a client certificate: an agent gets one with `hozen-agent enroll`, a person with `hozen "
        "login`");
  }
  return IdentifyCaller(std::string_view(certificates[0].data(), certificates[0].size()), catalog, now);
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Both sides number their codes alike.
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()),
                      std::string(status.message().substr(0, kMaxMessageSizeBytes)));
}

absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace hozen
