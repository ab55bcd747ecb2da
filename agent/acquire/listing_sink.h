// Turns what a walk finds into the lines of a body file.
#ifndef HOZEN_AGENT_ACQUIRE_LISTING_SINK_H_
#define HOZEN_AGENT_ACQUIRE_LISTING_SINK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "agent/acquire/item_sink.h"
#include "agent/acquire/pushed_source.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// What stands between a walk that reads no contents and the sink that takes the listing. Thread-compatible. Holds 32
// KiB of lines and the first few failures, however many files there are.
class ListingSink : public ItemSink {
 public:
  // `ending_sink` is asked whether to go on; it must outlive this. `own_folder` is the agent's, which is left out and
  // is no failure.
  ListingSink(ItemSink& ending_sink, std::string own_folder, const PushedSource::Push& push)
      : ending_sink_(ending_sink), own_folder_(std::move(own_folder)), push_(push) {}

  // A line for each, also for what has a name alone. An error is why nobody wants any more.
  absl::Status Record(v1::Item item) override;
  // A walk that reads no contents has nothing to take.
  absl::Status Take(v1::Item item, Source& source, bool until_end) override;
  absl::Status TakeDisk(v1::Item item, Source& source, DiskGuide& guide) override;
  bool AlreadyTaken(uint32_t /*target_index*/, const std::string& /*path*/) const override { return false; }
  absl::Status Poll() override;

  // Pushes what is held.
  absl::Status Flush();
  uint64_t lines() const { return lines_; }
  // The first that was recorded, and whether it failed.
  const v1::Item& first() const { return first_; }
  // What the listing lacks, told once: how many, of which causes, and the first of them. What a file system of the
  // kernel's own would have held is no failure: a listing is of files on disks.
  std::optional<v1::Failure> failure() const;

 private:
  void Count(const v1::Item& item);

  ItemSink& ending_sink_;
  const std::string own_folder_;
  const PushedSource::Push& push_;
  std::string held_;
  uint64_t lines_ = 0;
  v1::Item first_;
  uint64_t failures_ = 0;
  std::map<v1::Cause, uint64_t> causes_;
  std::vector<std::string> first_failures_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_LISTING_SINK_H_
