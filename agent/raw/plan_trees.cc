#include "agent/raw/plan_trees.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "agent/acquire/failure.h"
#include "agent/platform/mounts.h"
#include "agent/platform/shadow_devices.h"
#include "agent/raw/host_volumes.h"
#include "agent/raw/offline_disk.h"
#include "agent/raw/running_facts.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr std::string_view kAsItIs = "raw";
// Of a child that serves a whole acquisition; each answer has its own limit.
constexpr absl::Duration kServingTime = absl::Hours(24 * 60);

class PlanTrees final : public TreeProvider {
 public:
  explicit PlanTrees(PlanTreesOptions options) : options_(std::move(options)) {
    reader_options_.executable = options_.reader_executable;
    reader_options_.total_timeout = kServingTime;
  }

  absl::StatusOr<TreeSet> Open(uint32_t target_index, ItemSink& sink) override {
    absl::MutexLock lock(&mutex_);
    if (options_.offline_disk.has_value()) return OpenOffline(target_index, sink);
    TreeSet trees;
    OpenHost(trees);
    if (!said_) running_ = ReadRunningFacts(host_.get());
    said_ = true;
    trees.facts = running_.get();
    return trees;
  }

 private:
  void OpenHost(TreeSet& trees) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!options_.why_no_disks.empty()) {
      trees.why_not_raw = options_.why_no_disks;
      return;
    }
    if (host_ == nullptr) {
      const absl::StatusOr<MountTable> mounts = MountTable::Read();
      if (!mounts.ok()) {
        trees.why_not_raw = FailureOf(mounts.status()).detail();
        return;
      }
      // Where they cannot be listed, the look through the system says so.
      const absl::StatusOr<std::vector<std::string>> shadow_copies = ListShadowDevices();
      host_ = std::make_unique<HostVolumes>(*mounts, shadow_copies.ok() ? *shadow_copies : std::vector<std::string>(),
                                            reader_options_);
    }
    trees.raw = &host_->tree();
  }

  absl::StatusOr<TreeSet> OpenOffline(uint32_t target_index, ItemSink& sink) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (offline_ == nullptr && !failure_.has_value()) {
      v1::Item item;
      OpenDiskOnce(item);
      item.set_kind(v1::Item::KIND_DISK);
      item.set_path(options_.offline_disk->path());
      item.set_target_index(target_index);
      item.set_state(failure_.has_value() ? v1::Item::STATE_FAILED : v1::Item::STATE_COMPLETE);
      if (failure_.has_value()) *item.mutable_failure() = *failure_;
      // Of the first target; where that was finished before the agent was restarted, the journal has it.
      if (target_index == 0) HOZEN_RETURN_IF_ERROR(sink.Record(std::move(item)));
    }
    TreeSet trees;
    trees.failure = failure_;
    if (offline_ == nullptr) return trees;
    trees.offline = &offline_->tree();
    trees.facts = &offline_->facts();
    return trees;
  }

  void OpenDiskOnce(v1::Item& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!options_.why_no_disks.empty()) {
      failure_ = MakeFailure(v1::CAUSE_REFUSED_BY_POLICY, options_.why_no_disks);
      return;
    }
    const v1::OfflineDisk& order = *options_.offline_disk;
    if (!order.container().empty() && order.container() != kAsItIs) {
      failure_ = MakeFailure(v1::CAUSE_NOT_SUPPORTED, "this agent knows no such container; it is \"raw\", or nothing");
      return;
    }
    std::optional<v1::Failure> refused;
    absl::StatusOr<std::unique_ptr<OfflineDisk>> disk =
        OfflineDisk::Open(order.path(), order.container() == kAsItIs, reader_options_,
                          [&](const std::string& path) { return OpenAllowedDisk(path, options_.rules, refused); });
    if (!disk.ok()) {
      failure_ = refused.has_value() ? *std::move(refused) : FailureOf(disk.status());
      if (absl::IsAborted(disk.status())) failure_->set_cause(v1::CAUSE_READER_DIED);
      return;
    }
    offline_ = *std::move(disk);
    *item.mutable_file() = MetadataOf(offline_->file());
    *item.mutable_disk() = offline_->metadata();
  }

  const PlanTreesOptions options_;
  VolumeReaderOptions reader_options_;
  absl::Mutex mutex_;
  std::unique_ptr<HostVolumes> host_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<SystemFacts> running_ ABSL_GUARDED_BY(mutex_);
  bool said_ ABSL_GUARDED_BY(mutex_) = false;  // the running system was asked about itself
  std::unique_ptr<OfflineDisk> offline_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::Failure> failure_ ABSL_GUARDED_BY(mutex_);  // why there is no offline disk
};

}  // namespace

std::shared_ptr<TreeProvider> NewPlanTrees(PlanTreesOptions options) {
  return std::make_shared<PlanTrees>(std::move(options));
}

}  // namespace hozen
