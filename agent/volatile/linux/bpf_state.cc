#include "agent/volatile/linux/bpf_state.h"

#include <cerrno>
#include <string>
#include <utility>

#include "agent/acquire/failure.h"
#include "agent/platform/bpf_objects.h"
#include "agent/volatile/record_source.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"

namespace hozen {
namespace {

constexpr size_t kMost = 16384;
constexpr int kMostFolders = 16;
constexpr char kPins[] = "/sys/fs/bpf";

v1::Failure BpfFailure(const absl::Status& status) {
  v1::Failure failure = StateFailure(status, v1::CAUSE_VANISHED);
  // An unknown command is EINVAL.
  if (SystemErrorOf(status) == EINVAL) failure.set_cause(v1::CAUSE_NOT_SUPPORTED);
  return failure;
}

class Lister {
 public:
  explicit Lister(const KernelFiles& files) : files_(files) {}

  template <typename Describe>
  void AddAll(BpfKind kind, std::string_view what, const Describe& describe) {
    const absl::StatusOr<std::vector<uint32_t>> ids = ListBpfIds(kind, kMost);
    if (!ids.ok()) {
      Miss(what, BpfFailure(ids.status()));
      return;
    }
    for (const uint32_t id : *ids) {
      v1::VolatileRecord record;
      const absl::Status status = describe(id, record);
      if (status.ok()) {
        records_.push_back(std::move(record));
      } else {
        Miss(Concat(what, " ", id), BpfFailure(status));
      }
    }
    if (ids->size() == kMost) Miss(what, MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMost, " are here")));
  }

  void AddPins(const std::string& folder, int folders_left) {
    const absl::StatusOr<std::vector<std::string>> names = files_.List(folder);
    if (!names.ok()) {
      Miss(folder, StateFailure(names.status()));
      return;
    }
    for (const std::string& name : *names) {
      const std::string path = Concat(folder, "/", name);
      if (pins_ == kMost) {
        Miss(folder, MakeFailure(v1::CAUSE_LIMIT_ITEMS, Concat("only ", kMost, " pins are here")));
        return;
      }
      if (files_.IsFolder(path)) {
        if (folders_left == 0) {
          Miss(path, MakeFailure(v1::CAUSE_LIMIT_DEPTH, "it lies too deep"));
        } else {
          AddPins(path, folders_left - 1);
        }
        continue;
      }
      ++pins_;
      absl::Status refused = files_.CheckPolicy(path);
      absl::StatusOr<v1::BpfPin> pin =
          refused.ok() ? DescribeBpfPin(Concat(files_.root(), path)) : absl::StatusOr<v1::BpfPin>(refused);
      if (!pin.ok()) {
        Miss(path, StateFailure(pin.status(), v1::CAUSE_VANISHED));
        pin.emplace();
      }
      pin->set_path(Printable(path));
      *records_.emplace_back().mutable_bpf_pin() = *std::move(pin);
    }
  }

  std::vector<v1::VolatileRecord> Release() && { return std::move(records_); }

 private:
  void Miss(std::string_view what, v1::Failure failure) { records_.push_back(MissingRecord(what, std::move(failure))); }

  const KernelFiles& files_;
  std::vector<v1::VolatileRecord> records_;
  size_t pins_ = 0;
};

// The member of `record` that `make` makes.
template <typename Message>
absl::Status Put(absl::StatusOr<Message> made, Message* member) {
  if (made.ok()) *member = *std::move(made);
  return made.status();
}

}  // namespace

std::vector<v1::VolatileRecord> BpfRecords(const KernelFiles& files) {
  Lister lister(files);
  lister.AddAll(BpfKind::kProgram, "BPF programs", [](uint32_t id, v1::VolatileRecord& record) {
    return Put(DescribeBpfProgram(id), record.mutable_bpf_program());
  });
  lister.AddAll(BpfKind::kMap, "BPF maps", [](uint32_t id, v1::VolatileRecord& record) {
    return Put(DescribeBpfMap(id), record.mutable_bpf_map());
  });
  lister.AddAll(BpfKind::kLink, "BPF links", [](uint32_t id, v1::VolatileRecord& record) {
    return Put(DescribeBpfLink(id), record.mutable_bpf_link());
  });
  lister.AddPins(kPins, kMostFolders);
  return std::move(lister).Release();
}

}  // namespace hozen
