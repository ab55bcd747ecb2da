#include "agent/session/channel.h"

#include <grpcpp/grpcpp.h>

namespace hozen {
namespace {

constexpr int kKeepaliveMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 15'000;
// Our own pauses have the jitter; gRPC's only keep it from trying in a loop.
constexpr int kLeastReconnectMs = 500;
constexpr int kMostReconnectMs = 10'000;
constexpr int kAttemptMs = 20'000;
constexpr int kMaxMessageBytes = 16 << 20;

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const v1::AgentIdentity& identity) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = identity.collector_root_pem();
  if (!identity.certificate_chain_pem().empty()) {
    tls.pem_private_key = identity.private_key_pem();
    tls.pem_cert_chain = identity.certificate_chain_pem();
  }
  grpc::ChannelArguments arguments;
  // The collector may be reached under any name or address; it must be who it was at enrolment.
  arguments.SetSslTargetNameOverride(identity.collector_name());
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kLeastReconnectMs);
  // What gRPC calls so is how long one attempt may take: a TLS handshake on a loaded host or a bad line is slow.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kAttemptMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMostReconnectMs);
  // A renewed identity must not ride on a connection made with the old one.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return grpc::CreateCustomChannel(identity.collector_address(), grpc::SslCredentials(tls), arguments);
}

}  // namespace hozen
