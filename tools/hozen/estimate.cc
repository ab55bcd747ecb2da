#include "tools/hozen/estimate.h"

#include <algorithm>

namespace hozen {

int MakeMetadataOnly(v1::Plan& plan) {
  int dropped = 0;
  google::protobuf::RepeatedPtrField<v1::Target> targets;
  targets.Swap(plan.mutable_targets());
  for (v1::Target& target : targets) {
    if (target.has_file()) {
      const v1::Target::PathPattern pattern = target.file();
      *target.mutable_path() = pattern;
    }
    if (target.has_path()) {
      *plan.add_targets() = std::move(target);
    } else {
      ++dropped;
    }
  }
  return dropped;
}

void Estimate::Add(const v1::Item& item) {
  Sum& sum = by_artifact_[item.artifact()];
  if (item.state() == v1::Item::STATE_FAILED) ++sum.failed;
  if (item.kind() != v1::Item::KIND_FILE || item.state() == v1::Item::STATE_FAILED) return;
  ++sum.files;
  const v1::FileMetadata& file = item.file();
  if (!seen_.insert({file.device(), file.inode()}).second) return;
  sum.bytes += most_file_bytes_ == 0 ? file.size_bytes() : std::min(most_file_bytes_, file.size_bytes());
}

Estimate::Sum Estimate::total() const {
  Sum total;
  for (const auto& [artifact, sum] : by_artifact_) {
    total.files += sum.files;
    total.bytes += sum.bytes;
    total.failed += sum.failed;
  }
  return total;
}

}  // namespace hozen
