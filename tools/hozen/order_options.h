// What an order may say on the command line, and the plan that it becomes: the same for one host and for a hunt.
#ifndef HOZEN_TOOLS_HOZEN_ORDER_OPTIONS_H_
#define HOZEN_TOOLS_HOZEN_ORDER_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/artifact/definitions.h"
#include "core/command_line/command_line.h"
#include "proto/hozen/v1/credential.pb.h"
#include "proto/hozen/v1/operators.pb.h"
#include "proto/hozen/v1/plan.pb.h"
#include "tools/hozen/console.h"
#include "tools/hozen/json_rendering.h"

namespace hozen {

struct OrderOptions {
  std::string host;
  std::vector<std::string> artifacts;
  std::vector<std::string> paths;
  std::vector<std::string> definitions;
  std::string bodyfile;  // the folder that is listed; empty: none
  std::string access = "auto";
  bool deleted = false;
  bool all_attributes = false;
  std::string offline_disk;
  std::string offline_system;
  std::string disk;
  std::string order = "value";
  std::string scope = "all";
  uint32_t partition = 0;
  std::string range;
  std::string container;
  bool no_listing = false;
  bool estimate = false;
  bool wait = false;
  absl::Duration deadline = absl::Hours(4);
  uint64_t total_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t read_rate = 0;
  uint64_t send_rate = 0;
  uint64_t items = 0;
  uint32_t depth = 0;
  uint32_t cpu_percent = 0;
  std::string reason;
};

// Each adds options to a command. `options` must outlive it.
void AddTriageTargets(Command command, OrderOptions& options);  // what to collect
void AddOfflineDisk(Command command, OrderOptions& options);    // to collect from it in place of the host
void AddTriageLimits(Command command, OrderOptions& options);   // limits that a disk has not
void AddLimits(Command command, OrderOptions& options, const std::string& deadline_text);

// A plan for these hosts without targets, made now.
v1::Plan NewPlan(const OrderOptions& options, const v1::Credential& credential, const std::vector<v1::Host>& hosts);

// InvalidArgument where nothing was asked for.
absl::Status CheckTriage(const OrderOptions& options);

struct TriagePlan {
  v1::Plan plan;
  std::vector<NotRun> not_run;
};
// With the targets that the options name for the hosts' system, which must be the same for all. Notes what will not run
// there; InvalidArgument where nothing will.
absl::StatusOr<TriagePlan> PlanTriage(Console& console, const OrderOptions& options, const v1::Credential& credential,
                                      const std::vector<v1::Host>& hosts);

Json NotRunJson(const std::vector<NotRun>& not_run);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_ORDER_OPTIONS_H_
