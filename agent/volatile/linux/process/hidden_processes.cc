#include "agent/volatile/linux/process/hidden_processes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "agent/acquire/failure.h"
#include "agent/volatile/linux/process_list.h"
#include "agent/volatile/linux/process_text.h"
#include "agent/volatile/linux/text_fields.h"
#include "agent/volatile/record_source.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr int32_t kMostPids = 4 << 20;  // the kernel's own limit (PID_MAX_LIMIT)
constexpr int32_t kLookAtClock = 1024;
constexpr size_t kMostCandidates = 65536;
constexpr size_t kMaxStatusBytes = 1 << 20;
constexpr size_t kMaxMountInfoBytes = 16 << 20;

// Which numbers are those of processes and threads that /proc lists.
class Shown {
 public:
  explicit Shown(int32_t pid_max) : shown_(static_cast<size_t>(pid_max) + 1) {}

  absl::Status Look(const KernelFiles& files) {
    const absl::StatusOr<std::vector<int32_t>> pids = ListPids(files);
    if (!pids.ok()) return pids.status();
    for (const int32_t pid : *pids) {
      Add(pid);
      // Of a process that ended meanwhile nothing answers either.
      const absl::StatusOr<std::vector<std::string>> threads = files.List(ProcPath(pid, "task"));
      if (!threads.ok()) continue;
      for (const std::string& thread : *threads) Add(NumberOf<int32_t>(thread).value_or(0));
    }
    return absl::OkStatus();
  }

  bool Holds(int32_t pid) const { return shown_[static_cast<size_t>(pid)]; }

 private:
  void Add(int32_t pid) {
    if (pid > 0 && static_cast<size_t>(pid) < shown_.size()) shown_[static_cast<size_t>(pid)] = true;
  }

  std::vector<bool> shown_;
};

struct Answer {
  std::vector<std::string> by;
  std::string name;
  int32_t parent_pid = 0;
  bool is_thread = false;
};

Answer Ask(int32_t pid, const KernelFiles& files, const HiddenProcessOptions& options) {
  Answer answer;
  answer.by = options.probe(pid);
  const absl::StatusOr<KernelFiles::Text> status = files.Read(ProcPath(pid, "status"), kMaxStatusBytes);
  if (!status.ok()) return answer;
  answer.by.push_back(Concat("/proc/", pid));
  const auto leader = NumberOf<int32_t>(StatusField(status->bytes, "Tgid"));
  answer.is_thread = leader.has_value() && *leader != pid;  // its leader has a number of its own, and is asked there
  answer.name = Printable(StatusField(status->bytes, "Name"));
  answer.parent_pid = NumberOf<int32_t>(StatusField(status->bytes, "PPid")).value_or(0);
  return answer;
}

// Whether what is not listed may only be somebody else's.
bool ProcHidesOthers(const KernelFiles& files) {
  const absl::StatusOr<KernelFiles::Text> mounts = files.Read("/proc/self/mountinfo", kMaxMountInfoBytes);
  if (!mounts.ok()) return false;
  for (const std::string_view line : Lines(mounts->bytes)) {
    const std::vector<std::string_view> fields = Fields(line);
    if (fields.size() < 6 || fields[4] != "/proc") continue;
    const std::string_view super = fields.back();
    for (const std::string_view option :
         {"hidepid=1", "hidepid=2", "hidepid=4", "hidepid=noaccess", "hidepid=invisible", "hidepid=ptraceable"}) {
      if (super.find(option) != std::string_view::npos) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<v1::VolatileRecord> FindHiddenProcesses(const KernelFiles& files, const HiddenProcessOptions& options) {
  std::vector<v1::VolatileRecord> records;
  const absl::Time end = options.now() + options.most_time;
  const absl::StatusOr<std::string> line = files.ReadLine("/proc/sys/kernel/pid_max");
  const auto limit = line.ok() ? NumberOf<int32_t>(*line) : std::nullopt;
  const int32_t pid_max = std::clamp(limit.value_or(kMostPids), 1, kMostPids);
  Shown shown(pid_max);
  if (const absl::Status status = shown.Look(files); !status.ok()) {
    return {MissingRecord("/proc", StateFailure(status))};
  }
  std::vector<int32_t> candidates;
  int32_t pid = 1;
  for (; pid <= pid_max; ++pid) {
    if (pid % kLookAtClock == 0 && (options.now() >= end || !options.keep_on())) break;
    if (shown.Holds(pid) || Ask(pid, files, options).by.empty()) continue;
    candidates.push_back(pid);
    if (candidates.size() == kMostCandidates) break;
  }
  if (!candidates.empty()) (void)shown.Look(files);
  for (const int32_t candidate : candidates) {
    if (shown.Holds(candidate)) continue;
    Answer answer = Ask(candidate, files, options);
    if (answer.by.empty() || answer.is_thread) continue;
    v1::VolatileRecord& record = records.emplace_back();
    v1::HiddenProcess& hidden = *record.mutable_hidden_process();
    hidden.set_pid(candidate);
    for (std::string& one : answer.by) hidden.add_answers(std::move(one));
    hidden.set_name(std::move(answer.name));
    hidden.set_parent_pid(answer.parent_pid);
  }
  if (pid <= pid_max) {
    records.push_back(MissingRecord(
        Concat("numbers ", pid, " to ", pid_max),
        MakeFailure(v1::CAUSE_TIMED_OUT,
                    Concat("there was no time to ask for them: ", candidates.size(), " had to be looked at twice"))));
  }
  if (!records.empty() && ProcHidesOthers(files)) {
    records.push_back(MissingRecord(
        "what is hidden by an intruder",
        MakeFailure(v1::CAUSE_NOT_SUPPORTED,
                    "/proc is mounted with hidepid, so the processes of others may be hidden by the system itself")));
  }
  return records;
}

}  // namespace hozen
