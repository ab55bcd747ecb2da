// Carries out verified plans under their limits: journal, acquisition, manifest, commit. Survives being killed at any
// point: what is in the journal is not done again.
#ifndef HOZEN_AGENT_RUN_RUNNER_H_
#define HOZEN_AGENT_RUN_RUNNER_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/upload/chunk_sink.h"
#include "core/base/clock.h"
#include "core/crypto/key.h"
#include "proto/hozen/v1/agent_control.pb.h"
#include "proto/hozen/v1/agent_state.pb.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

struct RunnerOptions {
  std::filesystem::path state_folder;  // acquisitions live in <state>/acquisitions/<id>
  std::string reader_executable;       // for the sandboxed volume reader
  v1::AgentIdentity identity;
  v1::LocalPolicy policy;
  v1::HostFacts facts;
};

// What a runner needs of the outside. Both functions are thread-safe and must not block for long.
struct RunnerOutside {
  // A sink for one acquisition. `send_bytes_per_s` of its plan; 0 = no limit.
  std::function<absl::StatusOr<std::unique_ptr<ChunkSink>>(const std::string& acquisition_id,
                                                           uint64_t send_bytes_per_s)>
      open_sink;
  // Progress and events, to the collector while it is connected. May be dropped.
  std::function<void(v1::AgentMessage)> report;
  // This host's clock minus the collector's, where that is known. May be empty.
  std::function<std::optional<int64_t>()> clock_offset_ns;
};

// Thread-safe. One acquisition runs at a time, in the order in which they came.
class Runner {
 public:
  virtual ~Runner() = default;

  // Takes up what was under way when the agent last ended.
  virtual absl::Status ResumeAll() = 0;
  // Verifies the plan against the pinned authority and local policy, records it in the state folder and queues it.
  // A plan that is known already is left alone (OK). A plan that is refused is reported as KIND_REFUSED and its reason
  // returned: codes as VerifyPlan; PermissionDenied for local policy.
  virtual absl::Status Accept(const v1::Task& task) = 0;
  // Ends it early; what it has is committed with cause CANCELLED. NotFound where it is not under way.
  virtual absl::Status Cancel(std::string_view acquisition_id) = 0;
  // Queued and running.
  virtual std::vector<std::string> Active() const = 0;
  // Stops work where it is, so that the next start resumes; waits for the worker. Called by the destructor.
  virtual void Stop() = 0;

  // `clock` must outlive it.
  static absl::StatusOr<std::unique_ptr<Runner>> Create(RunnerOptions options, RunnerOutside outside,
                                                        const Clock& clock);
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_RUNNER_H_
