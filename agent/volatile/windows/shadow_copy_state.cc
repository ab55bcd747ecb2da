#include "agent/volatile/windows/shadow_copy_state.h"

#include <optional>
#include <utility>
#include <vector>

#include "agent/acquire/failure.h"
#include "agent/platform/disk.h"

namespace hozen {
namespace {

// Fills in how long the copy's volume is; else why that is not known.
std::optional<v1::Failure> Measure(const StateContext& context, v1::ShadowCopy& copy) {
  if (copy.device().empty()) return MakeFailure(v1::CAUSE_NOT_FOUND, "it has no device");
  if (std::optional<v1::Failure> refused = context.refused(copy.device()); refused.has_value()) return refused;
  const absl::StatusOr<OpenedDisk> volume = OpenDisk(copy.device());
  if (!volume.ok()) return FailureOf(volume.status(), v1::CAUSE_VANISHED);
  copy.set_size_bytes(volume->size_bytes);
  return std::nullopt;
}

}  // namespace

NextRecord ShadowCopyRecords(const StateContext& context, const ShadowCopyLister& list) {
  std::vector<v1::VolatileRecord> records;
  ShadowCopies all = list(context.keep_on);
  if (!all.service.ok()) {
    records.push_back(MissingRecord("what the Volume Shadow Copy Service knows", FailureOf(all.service)));
  }
  if (!all.devices.ok()) records.push_back(MissingRecord("devices of shadow copies", FailureOf(all.devices)));
  for (v1::ShadowCopy& copy : all.copies) {
    std::optional<v1::Failure> lack = Measure(context, copy);
    const std::string name = copy.device().empty() ? copy.id() : copy.device();
    *records.emplace_back().mutable_shadow_copy() = std::move(copy);
    if (lack.has_value()) records.push_back(MissingRecord(name, *std::move(lack)));
  }
  return RecordsOf(std::move(records));
}

}  // namespace hozen
