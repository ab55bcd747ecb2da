// What an acquisition keeps in the state folder: <state>/acquisitions/<id>/. Format: docs/formats/agent-state.md.
#ifndef HOZEN_AGENT_RUN_ACQUISITION_FOLDER_H_
#define HOZEN_AGENT_RUN_ACQUISITION_FOLDER_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/hozen/v1/agent_control.pb.h"
#include "proto/hozen/v1/agent_state.pb.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Thread-compatible; all is in the files. Errors as ReadWholeFile and WriteFileAtomically; DataLoss for a file that is
// not what it should be.
class AcquisitionFolder {
 public:
  enum class State {
    kNone,       // nothing, or nothing whole
    kUnderWay,   // plan.pb: to be carried out, or on its way
    kCommitted,  // receipt.pb: the collector has it all
    kFailed,     // failed.pb: it will not be tried again, unless for an attempt with a higher number
  };

  AcquisitionFolder(const std::filesystem::path& state_folder, std::string acquisition_id);

  // All acquisitions of the state folder, by id.
  static absl::StatusOr<std::vector<AcquisitionFolder>> List(const std::filesystem::path& state_folder);

  const std::string& acquisition_id() const { return acquisition_id_; }
  std::filesystem::path journal() const { return folder_ / "journal"; }
  State state() const;

  // Durable when it returns OK. What had failed begins again, and nothing is left of it; a crash on the way leaves it
  // failed.
  absl::Status Accept(const v1::AcceptedPlan& plan);
  // It failed, in an attempt with a lower number.
  bool FailedBefore(uint32_t attempt) const;
  absl::StatusOr<v1::AcceptedPlan> plan() const;

  // A responder's cancellation, also for after a restart.
  absl::Status MarkCancelled();
  bool cancelled() const;

  absl::Status SaveManifest(const v1::Envelope& manifest);
  // nullopt where it was not signed yet.
  absl::StatusOr<std::optional<v1::Envelope>> manifest() const;
  absl::Status DropManifest();

  // The end: all that is kept is that it was, so that no plan is carried out twice.
  absl::Status Commit(const v1::Receipt& receipt);
  absl::Status Fail(const v1::AcquisitionEvent& event);
  absl::StatusOr<v1::Receipt> receipt() const;
  absl::StatusOr<v1::AcquisitionEvent> failure() const;

 private:
  absl::Status Remove(const std::string& name);
  absl::Status RemoveAllBut(const std::string& name);

  std::string acquisition_id_;
  std::filesystem::path folder_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_ACQUISITION_FOLDER_H_
