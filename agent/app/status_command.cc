#include <filesystem>
#include <iostream>

#include "absl/time/time.h"
#include "agent/app/commands.h"
#include "agent/run/acquisition_folder.h"
#include "agent/session/identity_store.h"
#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/version.h"
#include "core/crypto/certificate.h"
#include "core/json/json.h"

namespace hozen {
namespace {

std::string_view NameOf(AcquisitionFolder::State state) {
  switch (state) {
    case AcquisitionFolder::State::kUnderWay:
      return "under-way";
    case AcquisitionFolder::State::kCommitted:
      return "committed";
    case AcquisitionFolder::State::kFailed:
      return "failed";
    case AcquisitionFolder::State::kNone:
      break;
  }
  return "none";
}

std::string_view SayState(AcquisitionFolder::State state) {
  switch (state) {
    case AcquisitionFolder::State::kUnderWay:
      return Say("under way", "実行中");
    case AcquisitionFolder::State::kCommitted:
      return Say("committed", "完了");
    case AcquisitionFolder::State::kFailed:
      return Say("failed", "失敗");
    case AcquisitionFolder::State::kNone:
      break;
  }
  return Say("not accepted", "未受理");
}

Json Describe(const v1::AgentIdentity& identity, bool running, const std::vector<AcquisitionFolder>& folders) {
  Json json;
  json["agent_version"] = std::string(kHozenVersion);
  json["host_id"] = identity.host_id();
  json["customer_id"] = identity.customer_id();
  json["collector_address"] = identity.collector_address();
  json["running"] = running;
  const absl::StatusOr<Certificate> certificate = Certificate::FromPem(identity.certificate_chain_pem());
  if (certificate.ok()) {
    json["certificate_not_after"] = absl::FormatTime(absl::RFC3339_sec, certificate->not_after(), absl::UTCTimeZone());
  }
  json["acquisitions"] = Json::array();
  for (const AcquisitionFolder& folder : folders) {
    Json one;
    one["acquisition_id"] = Printable(folder.acquisition_id());
    one["state"] = std::string(NameOf(folder.state()));
    if (folder.state() == AcquisitionFolder::State::kFailed) {
      const absl::StatusOr<v1::AcquisitionEvent> failure = folder.failure();
      if (failure.ok()) one["detail"] = Printable(failure->detail());
    }
    json["acquisitions"].push_back(std::move(one));
  }
  return json;
}

}  // namespace

int RunStatus(const std::string& state, bool json) {
  const absl::StatusOr<v1::AgentIdentity> identity = LoadIdentity(state);
  if (!identity.ok()) {
    std::cerr << Say("No status", "状態を表示できません") << ": " << Printable(StdView(identity.status().message()))
              << "\n";
    return kExitState;
  }
  const bool running = absl::IsFailedPrecondition(LockFile(std::filesystem::path(state) / "lock").status());
  const absl::StatusOr<std::vector<AcquisitionFolder>> folders = AcquisitionFolder::List(state);
  if (!folders.ok()) {
    std::cerr << Say("No status", "状態を表示できません") << ": " << Printable(StdView(folders.status().message()))
              << "\n";
    return kExitState;
  }
  const Json described = Describe(*identity, running, *folders);
  if (json) {
    std::cout << JsonText(described, 2) << "\n";
    return kExitOk;
  }
  std::cout << Say("Host:        ", "ホスト:   ") << identity->host_id() << "\n"
            << Say("Collector:   ", "コレクター: ") << Printable(identity->collector_address()) << "\n"
            << Say("Certificate: ", "証明書:   ") << described.value("certificate_not_after", "?") << "\n"
            << Say("Agent:       ", "動作:     ") << (running ? Say("running", "動作中") : Say("not running", "停止中"))
            << "\n";
  for (const AcquisitionFolder& folder : *folders) {
    std::cout << "  " << Printable(folder.acquisition_id()) << "  " << SayState(folder.state()) << "\n";
  }
  return kExitOk;
}

}  // namespace hozen
