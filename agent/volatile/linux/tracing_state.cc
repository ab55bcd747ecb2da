#include "agent/volatile/linux/tracing_state.h"

#include <string>
#include <string_view>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/volatile/linux/text_fields.h"
#include "agent/volatile/record_source.h"
#include "core/base/concat.h"
#include "core/base/printable.h"

namespace hozen {
namespace {

constexpr size_t kMaxListBytes = 16 << 20;
constexpr size_t kMostLines = 65536;
constexpr std::string_view kTracefs = "/sys/kernel/tracing/";
// Below /sys/kernel/debug/tracing tracefs would be mounted by our looking there.
constexpr std::string_view kLists[] = {"current_tracer",    "enabled_functions", "touched_functions",
                                       "set_ftrace_filter", "kprobe_events",     "uprobe_events"};
constexpr std::string_view kOthers[] = {"/proc/sys/kernel/ftrace_enabled", "/proc/sys/kernel/kptr_restrict",
                                        "/proc/sys/debug/kprobes-optimization", "/sys/kernel/debug/kprobes/enabled",
                                        "/sys/kernel/debug/kprobes/list"};

class Lister {
 public:
  explicit Lister(const KernelFiles& files) : files_(files) {}

  void Add(const std::string& path) {
    const absl::StatusOr<KernelFiles::Text> text = files_.Read(path, kMaxListBytes);
    if (!text.ok()) {
      v1::Failure failure = StateFailure(text.status());
      // What a kernel was built without, or what nobody has mounted.
      if (absl::IsNotFound(text.status())) {
        failure = MakeFailure(v1::CAUSE_NOT_FOUND, "this kernel has no such file, or its file system is not mounted");
      }
      records_.push_back(MissingRecord(path, std::move(failure)));
      return;
    }
    bool all = !text->cut;
    for (const std::string_view line : Lines(text->bytes)) {
      if (line.empty() || line[0] == '#') continue;
      if (lines_ == kMostLines) {
        all = false;
        break;
      }
      ++lines_;
      v1::TracingState& state = *records_.emplace_back().mutable_tracing();
      state.set_source(path);
      state.set_line(Printable(line));
    }
    if (all) return;
    records_.push_back(
        MissingRecord(path, MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMostLines, " lines are here"))));
  }

  void Missing(std::string_view what, v1::Failure failure) {
    records_.push_back(MissingRecord(what, std::move(failure)));
  }

  std::vector<v1::VolatileRecord> Release() && { return std::move(records_); }

 private:
  const KernelFiles& files_;
  std::vector<v1::VolatileRecord> records_;
  size_t lines_ = 0;
};

}  // namespace

std::vector<v1::VolatileRecord> TracingRecords(const KernelFiles& files) {
  Lister lister(files);
  const absl::StatusOr<std::vector<std::string>> names =
      files.List(std::string(kTracefs.substr(0, kTracefs.size() - 1)));
  if (names.ok() && names->empty()) {
    lister.Missing(kTracefs, MakeFailure(v1::CAUSE_NOT_SUPPORTED,
                                         "tracefs is not mounted there, and is not mounted for this; what is traced "
                                         "was not seen"));
  } else if (!names.ok()) {
    v1::Failure failure = StateFailure(names.status());
    if (absl::IsNotFound(names.status())) failure.set_cause(v1::CAUSE_NOT_SUPPORTED);
    lister.Missing(kTracefs, std::move(failure));
  } else {
    for (const std::string_view list : kLists) lister.Add(Concat(kTracefs, list));
  }
  for (const std::string_view path : kOthers) lister.Add(std::string(path));
  return std::move(lister).Release();
}

}  // namespace hozen
