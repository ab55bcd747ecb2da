#include "agent/run/acquisition_folder.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/base/concat.h"
#include "core/base/file.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0600;
constexpr uint64_t kMaxFileBytes = 2 * kMaxPlanSizeBytes + (64 << 20);  // the manifest of a very long body

bool Exists(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

template <typename Message>
absl::StatusOr<Message> ReadMessage(const std::filesystem::path& path) {
  HOZEN_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(path, kMaxFileBytes));
  Message message;
  if (!message.ParseFromString(bytes)) return absl::DataLossError(Concat(path.string(), " is damaged"));
  return message;
}

absl::Status WriteMessage(const std::filesystem::path& path, const google::protobuf::MessageLite& message) {
  return WriteFileAtomically(path, message.SerializeAsString(), kFileMode);
}

}  // namespace

AcquisitionFolder::AcquisitionFolder(const std::filesystem::path& state_folder, std::string acquisition_id)
    : acquisition_id_(std::move(acquisition_id)), folder_(state_folder / "acquisitions" / acquisition_id_) {}

absl::StatusOr<std::vector<AcquisitionFolder>> AcquisitionFolder::List(const std::filesystem::path& state_folder) {
  std::vector<AcquisitionFolder> found;
  const std::filesystem::path all = state_folder / "acquisitions";
  if (!Exists(all)) return found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(all, error), end; !error && it != end; it.increment(error)) {
    found.emplace_back(state_folder, it->path().filename().string());
  }
  if (error) return ErrnoStatus(error.value(), Concat("list ", all.string()));
  std::sort(found.begin(), found.end(), [](const AcquisitionFolder& a, const AcquisitionFolder& b) {
    return a.acquisition_id() < b.acquisition_id();
  });
  return found;
}

AcquisitionFolder::State AcquisitionFolder::state() const {
  if (Exists(folder_ / "receipt.pb")) return State::kCommitted;
  if (Exists(folder_ / "failed.pb")) return State::kFailed;
  return Exists(folder_ / "plan.pb") ? State::kUnderWay : State::kNone;
}

absl::Status AcquisitionFolder::Accept(const v1::AcceptedPlan& plan) {
  HOZEN_RETURN_IF_ERROR(MakeFolders(folder_, kFolderMode));
  HOZEN_RETURN_IF_ERROR(SyncFolder(folder_.parent_path()));
  const bool failed = state() == State::kFailed;
  // A crash while it failed may have left some.
  if (failed) HOZEN_RETURN_IF_ERROR(RemoveAllBut("failed.pb"));
  HOZEN_RETURN_IF_ERROR(WriteMessage(folder_ / "plan.pb", plan));
  return failed ? Remove("failed.pb") : absl::OkStatus();
}

bool AcquisitionFolder::FailedBefore(uint32_t attempt) const {
  if (state() != State::kFailed) return false;
  const absl::StatusOr<v1::AcquisitionEvent> event = failure();
  return event.ok() && std::max(event->attempt(), uint32_t{1}) < attempt;
}

absl::StatusOr<v1::AcceptedPlan> AcquisitionFolder::plan() const {
  return ReadMessage<v1::AcceptedPlan>(folder_ / "plan.pb");
}

absl::Status AcquisitionFolder::MarkCancelled() { return WriteFileAtomically(folder_ / "cancelled", "", kFileMode); }

bool AcquisitionFolder::cancelled() const { return Exists(folder_ / "cancelled"); }

absl::Status AcquisitionFolder::SaveManifest(const v1::Envelope& manifest) {
  return WriteMessage(folder_ / "manifest.pb", manifest);
}

absl::StatusOr<std::optional<v1::Envelope>> AcquisitionFolder::manifest() const {
  if (!Exists(folder_ / "manifest.pb")) return std::nullopt;
  HOZEN_ASSIGN_OR_RETURN(v1::Envelope manifest, ReadMessage<v1::Envelope>(folder_ / "manifest.pb"));
  return manifest;
}

absl::Status AcquisitionFolder::DropManifest() { return Remove("manifest.pb"); }

absl::Status AcquisitionFolder::Remove(const std::string& name) {
  std::error_code error;
  std::filesystem::remove(folder_ / name, error);
  if (error) return ErrnoStatus(error.value(), Concat("remove ", (folder_ / name).string()));
  return SyncFolder(folder_);
}

absl::Status AcquisitionFolder::Commit(const v1::Receipt& receipt) {
  HOZEN_RETURN_IF_ERROR(WriteMessage(folder_ / "receipt.pb", receipt));
  return RemoveAllBut("receipt.pb");
}

absl::Status AcquisitionFolder::Fail(const v1::AcquisitionEvent& event) {
  HOZEN_RETURN_IF_ERROR(WriteMessage(folder_ / "failed.pb", event));
  return RemoveAllBut("failed.pb");
}

absl::StatusOr<v1::Receipt> AcquisitionFolder::receipt() const {
  return ReadMessage<v1::Receipt>(folder_ / "receipt.pb");
}

absl::StatusOr<v1::AcquisitionEvent> AcquisitionFolder::failure() const {
  return ReadMessage<v1::AcquisitionEvent>(folder_ / "failed.pb");
}

absl::Status AcquisitionFolder::RemoveAllBut(const std::string& name) {
  for (const char* other : {"plan.pb", "journal", "manifest.pb", "cancelled"}) {
    if (name == other) continue;
    std::error_code error;
    std::filesystem::remove(folder_ / other, error);
    if (error) return ErrnoStatus(error.value(), Concat("remove ", (folder_ / other).string()));
  }
  return SyncFolder(folder_);
}

}  // namespace hozen
