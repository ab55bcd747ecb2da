// What every handler does first and last.
#ifndef HOZEN_COLLECTOR_SERVICE_ADMIT_H_
#define HOZEN_COLLECTOR_SERVICE_ADMIT_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/access/grpc_caller.h"
#include "collector/service/service_context.h"
#include "collector/service/stream_slots.h"

namespace hozen {

inline absl::StatusOr<Caller> CallerOf(const grpc::ServerContextBase& call, const ServiceContext& context) {
  return CallerOf(call, context.catalog, context.clock.Now());
}

// Answers a call with one message: `handle` gets the caller and gives a StatusOr of the response.
template <typename Response, typename Handle>
grpc::Status Answer(const grpc::ServerContextBase& call, const ServiceContext& context, Response* response,
                    Handle handle) {
  const absl::StatusOr<Caller> caller = CallerOf(call, context);
  if (!caller.ok()) return ToGrpc(caller.status());
  absl::StatusOr<Response> answer = handle(*caller);
  if (!answer.ok()) return ToGrpc(answer.status());
  *response = *std::move(answer);
  return grpc::Status::OK;
}

// Answers a call with a stream: `handle` gets the caller and gives a Status.
template <typename Handle>
grpc::Status AnswerStream(const grpc::ServerContextBase& call, const ServiceContext& context, Handle handle) {
  const absl::StatusOr<Caller> caller = CallerOf(call, context);
  if (!caller.ok()) return ToGrpc(caller.status());
  if (context.streams == nullptr) return ToGrpc(handle(*caller));
  const absl::StatusOr<StreamSlots::Slot> slot = context.streams->Enter(caller->customer_id);
  return ToGrpc(slot.ok() ? handle(*caller) : slot.status());
}

// OK, or Cancelled once the caller has gone.
inline absl::Status StillThere(const grpc::ServerContext& call) {
  return call.IsCancelled() ? absl::CancelledError("the caller has gone") : absl::OkStatus();
}

// Sends one message of a stream; blocks while the caller is slower than we are. Cancelled once the caller has gone.
template <typename Message, typename Writer>
absl::Status SendTo(const grpc::ServerContext& call, Writer& writer, const Message& message) {
  if (!call.IsCancelled() && writer.Write(message)) return absl::OkStatus();
  return absl::CancelledError("the caller has gone");
}

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_ADMIT_H_
