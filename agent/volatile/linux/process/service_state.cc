#include "agent/volatile/linux/process/service_state.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "agent/acquire/failure.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMostUnits = 65'536;
constexpr size_t kMostProcesses = 262'144;
constexpr char kUnitsFolder[] = "/run/systemd/units";
constexpr std::string_view kInvocation = "invocation:";

// By unit and control group: a user's manager may have a unit of the same name as the system's.
class Units {
 public:
  void Add(const v1::ProcessState& process) {
    for (const std::string& line : process.cgroups()) {
      std::optional<UnitOfProcess> found = UnitOf(line);
      if (!found.has_value()) continue;
      const auto key = std::pair(found->unit, found->control_group);
      if (processes_ == kMostProcesses || (units_.size() == kMostUnits && !units_.contains(key))) {
        ++left_out_;
        return;
      }
      ++processes_;
      v1::ServiceState& service = units_[key];
      service.set_unit(std::move(found->unit));
      service.set_control_group(std::move(found->control_group));
      v1::ServiceState::Process& one = *service.add_processes();
      one.set_pid(process.pid());
      one.set_name(process.name());
      return;  // a process is in one unit, whichever hierarchy says so
    }
  }

  std::vector<v1::VolatileRecord> Release(const KernelFiles& files) && {
    AddInvocations(files);
    std::vector<v1::VolatileRecord> records;
    for (auto& [key, service] : units_) *records.emplace_back().mutable_service() = std::move(service);
    if (left_out_ > 0) {
      records.push_back(MissingRecord(
          "services", MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat(left_out_, " processes' units are not here"))));
    }
    return records;
  }

 private:
  // systemd leaves a link for each unit that it has started, also for one whose processes are done.
  void AddInvocations(const KernelFiles& files) {
    const absl::StatusOr<std::vector<std::string>> names = files.List(kUnitsFolder);
    if (!names.ok()) return;  // another init
    for (const std::string& name : *names) {
      if (!name.starts_with(kInvocation) || units_.size() >= kMostUnits) continue;
      const absl::StatusOr<std::string> id = files.ReadLink(Concat(kUnitsFolder, "/", name));
      const std::string unit = Printable(std::string_view(name).substr(kInvocation.size()));
      const std::string invocation = id.ok() ? Printable(*id) : "";
      bool known = false;
      for (auto at = units_.lower_bound({unit, ""}); at != units_.end() && at->first.first == unit; ++at) {
        // These are the system's own manager's; users' units lie below a user@.service.
        if (at->first.second.find("/user@") != std::string::npos) continue;
        at->second.set_invocation_id(invocation);
        known = true;
      }
      if (known) continue;
      v1::ServiceState& service = units_[{unit, ""}];
      service.set_unit(unit);
      service.set_invocation_id(invocation);
    }
  }

  std::map<std::pair<std::string, std::string>, v1::ServiceState> units_;
  size_t processes_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace

std::optional<UnitOfProcess> UnitOf(std::string_view cgroup_line) {
  // number:controllers:path; the unified hierarchy is 0 and has no controllers there.
  const size_t first = cgroup_line.find(':');
  const size_t second = first == std::string_view::npos ? first : cgroup_line.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view controllers = cgroup_line.substr(first + 1, second - first - 1);
  if (!controllers.empty() && controllers != "name=systemd") return std::nullopt;
  const std::string_view path = cgroup_line.substr(second + 1);
  for (size_t end = path.size(); end > 0 && end != std::string_view::npos;) {
    const size_t slash = path.rfind('/', end - 1);
    if (slash == std::string_view::npos) break;
    const std::string_view part = path.substr(slash + 1, end - slash - 1);
    if (part.ends_with(".service") || part.ends_with(".scope")) {
      return UnitOfProcess{.unit = std::string(part), .control_group = std::string(path.substr(0, end))};
    }
    end = slash;
  }
  return std::nullopt;
}

NextRecord WithServices(NextRecord processes, const KernelFiles& files) {
  struct State {
    NextRecord processes;
    Units units;
    NextRecord services;
  };
  auto state = std::make_shared<State>();
  state->processes = std::move(processes);
  return [state, &files]() -> std::optional<v1::VolatileRecord> {
    if (!state->services) {
      std::optional<v1::VolatileRecord> record = state->processes();
      if (record.has_value()) {
        if (record->has_process()) state->units.Add(record->process());
        return record;
      }
      state->services = RecordsOf(std::move(state->units).Release(files));
    }
    return state->services();
  };
}

}  // namespace hozen
