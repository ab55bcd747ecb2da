#include "collector/service/analyst_service.h"

#include <string>
#include <string_view>

#include "collector/service/admit.h"
#include "collector/service/evidence_access.h"
#include "core/chunk/chunk.h"
#include "proto/hozen/v1/operators.grpc.pb.h"

namespace hozen {
namespace {

// An answer's stream as messages. Thread-compatible.
class PartWriter final : public AnswerSink {
 public:
  PartWriter(grpc::ServerContext& call, grpc::ServerWriter<v1::StreamPart>& writer) : call_(call), writer_(writer) {}

  absl::Status Expect(uint64_t size_bytes) override {
    part_.set_expected_bytes(size_bytes);
    return SendTo(call_, writer_, part_);
  }
  absl::Status Data(std::string_view bytes) override {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, kMaxChunkSizeBytes);
      part_.mutable_data()->assign(piece);
      if (absl::Status sent = SendTo(call_, writer_, part_); !sent.ok()) return sent;
      bytes.remove_prefix(piece.size());
    }
    return absl::OkStatus();
  }
  absl::Status Zeros(uint64_t size_bytes) override {
    part_.set_zero_bytes(size_bytes);
    return SendTo(call_, writer_, part_);
  }
  absl::Status End(const v1::StreamEnd& end) override {
    *part_.mutable_end() = end;
    return SendTo(call_, writer_, part_);
  }

 private:
  grpc::ServerContext& call_;
  grpc::ServerWriter<v1::StreamPart>& writer_;
  v1::StreamPart part_;
};

class AnalystService final : public v1::Analyst::Service {
 public:
  explicit AnalystService(ServiceContext context) : context_(context), access_(context) {}

  grpc::Status ListItems(grpc::ServerContext* call, const v1::ListItemsRequest* request,
                         grpc::ServerWriter<v1::ItemRow>* writer) override {
    return AnswerStream(*call, context_, [&](const Caller& caller) {
      return access_.ListItems(caller, *request, [&](const v1::ItemRow& row) { return SendTo(*call, *writer, row); });
    });
  }
  grpc::Status ListTargets(grpc::ServerContext* call, const v1::ListTargetsRequest* request,
                           grpc::ServerWriter<v1::TargetOutcome>* writer) override {
    return AnswerStream(*call, context_, [&](const Caller& caller) {
      return access_.ListTargets(caller, *request,
                                 [&](const v1::TargetOutcome& outcome) { return SendTo(*call, *writer, outcome); });
    });
  }
  grpc::Status ReadItem(grpc::ServerContext* call, const v1::ReadItemRequest* request,
                        grpc::ServerWriter<v1::StreamPart>* writer) override {
    PartWriter sink(*call, *writer);
    return AnswerStream(*call, context_,
                        [&](const Caller& caller) { return access_.ReadItem(caller, *request, sink); });
  }
  grpc::Status Export(grpc::ServerContext* call, const v1::ExportRequest* request,
                      grpc::ServerWriter<v1::StreamPart>* writer) override {
    PartWriter sink(*call, *writer);
    return AnswerStream(*call, context_, [&](const Caller& caller) { return access_.Export(caller, *request, sink); });
  }
  grpc::Status Verify(grpc::ServerContext* call, const v1::VerifyRequest* request,
                      grpc::ServerWriter<v1::VerifyProgress>* writer) override {
    return AnswerStream(*call, context_, [&](const Caller& caller) {
      return access_.Verify(
          caller, *request, [&](const v1::VerifyProgress& progress) { return SendTo(*call, *writer, progress); },
          [&] { return StillThere(*call); });
    });
  }
  grpc::Status GetCustody(grpc::ServerContext* call, const v1::GetCustodyRequest* request,
                          v1::GetCustodyResponse* response) override {
    return Answer(*call, context_, response,
                  [&](const Caller& caller) { return access_.GetCustody(caller, *request); });
  }
  grpc::Status GetCheckpoint(grpc::ServerContext* call, const v1::GetCheckpointRequest* request,
                             v1::GetCheckpointResponse* response) override {
    return Answer(*call, context_, response,
                  [&](const Caller& caller) { return access_.GetCheckpoint(caller, *request); });
  }

 private:
  const ServiceContext context_;
  EvidenceAccess access_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewAnalystService(ServiceContext context) {
  return std::make_unique<AnalystService>(context);
}

}  // namespace hozen
