#include "tools/hozen/estimate.h"

#include <algorithm>

namespace hozen {

MetadataPlan MetadataOnly(v1::Plan order) {
  MetadataPlan made;
  google::protobuf::RepeatedPtrField<v1::Target> targets;
  targets.Swap(order.mutable_targets());
  made.plan = std::move(order);
  for (v1::Target& target : targets) {
    const bool wants_contents = target.has_file();
    if (wants_contents) {
      const v1::Target::PathPattern pattern = target.file();
      *target.mutable_path() = pattern;
    }
    if (target.has_path()) {
      made.wants_contents.push_back(wants_contents);
      *made.plan.add_targets() = std::move(target);
    } else {
      ++made.dropped;
    }
  }
  return made;
}

void Estimate::Add(const v1::Item& item) {
  Sum& sum = by_artifact_[item.artifact()];
  if (item.state() == v1::Item::STATE_FAILED) ++sum.failed;
  if (item.kind() != v1::Item::KIND_FILE || item.state() == v1::Item::STATE_FAILED) return;
  ++sum.files;
  const bool wanted = item.target_index() < wants_contents_.size() && wants_contents_[item.target_index()];
  const v1::FileMetadata& file = item.file();
  if (!wanted || !seen_.insert({file.device(), file.inode()}).second) return;
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
