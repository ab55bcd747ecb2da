#include "agent/volatile/linux/process/process_state.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/platform/kernel_clock.h"
#include "agent/volatile/linux/process_text.h"
#include "agent/volatile/linux/text_fields.h"
#include "agent/volatile/timestamps.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMaxStatBytes = 4096;
constexpr size_t kMaxStatusBytes = 1 << 20;
constexpr size_t kMaxArgumentsBytes = 1 << 20;
constexpr size_t kMaxEnvironmentBytes = 1 << 20;
constexpr size_t kMaxMapsBytes = 16 << 20;
constexpr size_t kMaxCgroupBytes = 256 << 10;
constexpr size_t kMostMaps = 4096;
constexpr int kMostDescriptors = 4096;
constexpr uint32_t kNoLoginUid = 0xFFFFFFFF;
constexpr char kEnded = 'Z';
constexpr std::string_view kNamespaces[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

// One process under description.
class Description {
 public:
  Description(const ListedProcess& listed, const ProcessClock& clock, const KernelFiles& files,
              Executables& executables)
      : pid_(listed.pid), clock_(clock), files_(files), executables_(executables) {
    process_.set_pid(listed.pid);
    process_.set_parent_pid(listed.parent_pid);
    process_.set_depth(listed.depth);
  }

  v1::ProcessState Make() {
    const std::optional<ProcessStat> before = Stat();
    if (!before.has_value()) return std::move(process_);
    AddStat(*before);
    AddStatus();
    // What is gone first is asked first.
    AddExecutable();
    AddArguments();
    AddEnvironment();
    AddFolders();
    AddNamespaces();
    AddDescriptors();
    AddMaps();
    AddCgroups();
    AddLoginUid();
    const std::optional<ProcessStat> after = Stat();
    if (after.has_value() && (after->start_ticks != before->start_ticks || after->state == kEnded) &&
        before->state != kEnded) {
      Vanish(after->state == kEnded ? "it ended while it was described"
                                    : "it ended while it was described, and its number was given to another");
    }
    return std::move(process_);
  }

 private:
  std::optional<ProcessStat> Stat() {
    const absl::StatusOr<KernelFiles::Text> text = files_.Read(ProcPath(pid_, "stat"), kMaxStatBytes);
    if (!text.ok()) {
      Miss("stat", text.status());
      return std::nullopt;
    }
    std::optional<ProcessStat> stat = ParseProcessStat(text->bytes);
    if (!stat.has_value())
      Miss("stat", MakeFailure(v1::CAUSE_NOT_SUPPORTED, "its text is not as the kernel writes it"));
    return stat;
  }

  void Vanish(std::string_view how) {
    process_.set_vanished(true);
    Miss("the process", MakeFailure(v1::CAUSE_VANISHED, how));
  }

  void Miss(std::string_view what, v1::Failure failure) {
    v1::Missing& missing = *process_.add_missing();
    missing.set_what(std::string(what));
    *missing.mutable_failure() = std::move(failure);
  }

  void Miss(std::string_view what, const absl::Status& status) {
    v1::Failure failure = StateFailure(status, v1::CAUSE_VANISHED);
    if (failure.cause() == v1::CAUSE_VANISHED) {
      // A process that has ended, and waits for its parent, has none of these any more.
      if (process_.state() == std::string(1, kEnded)) failure.set_cause(v1::CAUSE_NOT_FOUND);
      if (failure.cause() == v1::CAUSE_VANISHED) process_.set_vanished(true);
    }
    Miss(what, std::move(failure));
  }

  // Up to the limit; that there was more is said.
  std::optional<std::string> Text(std::string_view name, size_t limit_bytes) {
    absl::StatusOr<KernelFiles::Text> text = files_.Read(ProcPath(pid_, name), limit_bytes);
    if (!text.ok()) {
      Miss(name, text.status());
      return std::nullopt;
    }
    if (text->cut) {
      Miss(name, MakeFailure(v1::CAUSE_LIMIT_FILE_BYTES, Concat("only its first ", limit_bytes, " bytes are here")));
    }
    return std::move(text->bytes);
  }

  void AddStat(const ProcessStat& stat) {
    process_.set_name(Printable(stat.name));
    process_.set_state(Printable(std::string(1, stat.state)));
    process_.set_parent_pid(stat.parent_pid);
    process_.set_process_group(stat.process_group);
    process_.set_session(stat.session);
    process_.set_terminal(stat.terminal);
    process_.set_kernel_thread(stat.kernel_thread());
    process_.set_start_ticks(stat.start_ticks);
    if (clock_.booted_unix_ns == 0 || clock_.ticks_per_s <= 0) return;
    const uint64_t seconds = stat.start_ticks / static_cast<uint64_t>(clock_.ticks_per_s);
    const uint64_t rest = stat.start_ticks % static_cast<uint64_t>(clock_.ticks_per_s);
    constexpr uint64_t kCentury = 3'200'000'000;  // in seconds: what is longer than that is no time since boot
    if (seconds > kCentury) return;
    *process_.mutable_started() =
        TimestampOf(clock_.booted_unix_ns + static_cast<int64_t>(seconds) * 1'000'000'000 +
                    static_cast<int64_t>(rest * 1'000'000'000 / static_cast<uint64_t>(clock_.ticks_per_s)));
  }

  void AddStatus() {
    const std::optional<std::string> text = Text("status", kMaxStatusBytes);
    if (text.has_value()) ParseProcessStatus(*text, process_);
  }

  void AddExecutable() {
    if (process_.kernel_thread()) {
      Miss("exe", MakeFailure(v1::CAUSE_NOT_FOUND, "a thread of the kernel has no executable"));
      return;
    }
    v1::Executable executable;
    const absl::Status status = executables_.Describe(pid_, executable);
    if (!executable.path().empty()) *process_.mutable_executable() = std::move(executable);
    if (absl::IsResourceExhausted(status)) {
      Miss("exe", MakeFailure(v1::CAUSE_LIMIT_FILE_BYTES, StdView(status.message())));
    } else if (absl::IsUnimplemented(status)) {
      Miss("exe", MakeFailure(v1::CAUSE_REMOTE_FILE_SYSTEM, StdView(status.message())));
    } else if (!status.ok()) {
      Miss("exe", status);
    }
  }

  void AddArguments() {
    const std::optional<std::string> text = Text("cmdline", kMaxArgumentsBytes);
    if (text.has_value()) ParseCommandLine(*text, process_);
  }

  void AddEnvironment() {
    if (process_.kernel_thread()) return;
    const std::optional<std::string> text = Text("environ", kMaxEnvironmentBytes);
    if (text.has_value()) ParseEnvironment(*text, process_);
  }

  void AddFolders() {
    const absl::StatusOr<std::string> folder = files_.ReadLink(ProcPath(pid_, "cwd"));
    folder.ok() ? process_.set_working_folder(Printable(*folder)) : Miss("cwd", folder.status());
    const absl::StatusOr<std::string> root = files_.ReadLink(ProcPath(pid_, "root"));
    root.ok() ? process_.set_root(Printable(*root)) : Miss("root", root.status());
  }

  void AddNamespaces() {
    for (const std::string_view name : kNamespaces) {
      const absl::StatusOr<std::string> link = files_.ReadLink(ProcPath(pid_, Concat("ns/", name)));
      const std::optional<uint64_t> inode = link.ok() ? BracketedNumber(*link, name) : std::nullopt;
      if (inode.has_value()) {
        v1::Namespace& one = *process_.add_namespaces();
        one.set_name(std::string(name));
        one.set_inode(*inode);
      } else if (!link.ok() && !absl::IsNotFound(link.status())) {
        // One that is not there is no loss: kernels before 5.6 have no namespaces of time.
        Miss(Concat("ns/", name), link.status());
      }
    }
  }

  void AddDescriptors() {
    const absl::StatusOr<std::vector<std::string>> names = files_.List(ProcPath(pid_, "fd"));
    if (!names.ok()) {
      Miss("fd", names.status());
      return;
    }
    size_t unread = 0;
    absl::Status first_unread;
    for (const std::string& name : *names) {
      const auto number = NumberOf<int32_t>(name);
      if (!number.has_value()) continue;
      if (process_.descriptors_size() == kMostDescriptors) {
        Miss("fd", MakeFailure(v1::CAUSE_LIMIT_ITEMS,
                               Concat("it has ", names->size(), "; ", kMostDescriptors, " are described")));
        break;
      }
      const absl::StatusOr<std::string> target = files_.ReadLink(ProcPath(pid_, Concat("fd/", name)));
      if (!target.ok()) {
        // One that was closed meanwhile is nothing that is missing.
        if (!absl::IsNotFound(target.status()) && unread++ == 0) first_unread = target.status();
        continue;
      }
      v1::Descriptor& descriptor = *process_.add_descriptors();
      descriptor.set_number(*number);
      descriptor.set_target(Printable(*target));
    }
    if (unread == 0) return;
    v1::Failure failure = StateFailure(first_unread, v1::CAUSE_VANISHED);
    failure.set_detail(Concat("where ", unread, " of its descriptors lead; the first: ", failure.detail()));
    Miss("fd", std::move(failure));
  }

  void AddMaps() {
    if (process_.kernel_thread()) return;
    const std::optional<std::string> text = Text("maps", kMaxMapsBytes);
    if (text.has_value() && !ParseMaps(*text, kMostMaps, process_)) {
      Miss("maps", MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMostMaps, " of its mappings are described")));
    }
  }

  void AddCgroups() {
    // A kernel may be without them.
    if (!files_.Exists("/proc/self/cgroup")) return;
    const std::optional<std::string> text = Text("cgroup", kMaxCgroupBytes);
    if (text.has_value()) ParseCgroups(*text, process_);
  }

  void AddLoginUid() {
    // Without auditing there is no such file.
    const absl::StatusOr<std::string> text = files_.ReadLine(ProcPath(pid_, "loginuid"));
    const auto uid = text.ok() ? NumberOf<uint32_t>(*text) : std::nullopt;
    if (!uid.has_value() || *uid == kNoLoginUid) return;
    process_.set_login_uid(*uid);
  }

  const int32_t pid_;
  const ProcessClock clock_;
  const KernelFiles& files_;
  Executables& executables_;
  v1::ProcessState process_;
};

}  // namespace

v1::ProcessState DescribeProcess(const ListedProcess& listed, const ProcessClock& clock, const KernelFiles& files,
                                 Executables& executables) {
  return Description(listed, clock, files, executables).Make();
}

NextRecord ProcessRecords(const KernelFiles& files, Executables& executables) {
  absl::StatusOr<std::vector<ListedProcess>> listed = ListProcessTree(files);
  if (!listed.ok()) return RecordsOf({MissingRecord("/proc", StateFailure(listed.status()))});
  for (const ListedProcess& one : *listed) {
    v1::Executable executable;
    // Why it cannot be had is said when the process is described.
    (void)executables.Hold(one.pid, executable);
  }
  ProcessClock clock;
  const KernelClock now = ReadKernelClock();
  clock.booted_unix_ns = now.realtime_unix_ns - now.boottime_ns;
  clock.ticks_per_s = now.ticks_per_s;
  auto all = std::make_shared<const std::vector<ListedProcess>>(*std::move(listed));
  auto at = std::make_shared<size_t>(0);
  return [all, at, clock, &files, &executables]() -> std::optional<v1::VolatileRecord> {
    if (*at == all->size()) return std::nullopt;
    v1::VolatileRecord record;
    *record.mutable_process() = DescribeProcess((*all)[(*at)++], clock, files, executables);
    return record;
  };
}

}  // namespace hozen
