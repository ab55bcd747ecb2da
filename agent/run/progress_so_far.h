// What a journal says when it is read from its start: how far an acquisition has come.
#ifndef HOZEN_AGENT_RUN_PROGRESS_SO_FAR_H_
#define HOZEN_AGENT_RUN_PROGRESS_SO_FAR_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/agent_state.pb.h"

namespace hozen {

// A stream that was begun and has not become an item.
struct UnfinishedStream {
  uint64_t number = 0;
  v1::Item item;
  uint64_t offset_bytes = 0;
  std::string sha256_state;
  uint64_t zero_bytes = 0;
  uint64_t unreadable_bytes = 0;
  uint64_t not_acquired_bytes = 0;
  uint64_t read_times = 0;  // how many
  std::optional<v1::Failure> first_unreadable;
};

// Which of the items of a target, by NameAmongTaken. A digest, because a target may have a million of them.
Digest ItemKey(uint32_t target_index, std::string_view name);

// The same for the failure of a folder, which may come after the folder itself was taken: what lies in it is missing.
Digest FolderFailureKey(uint32_t target_index, std::string_view name);

// Thread-compatible.
struct ProgressSoFar {
  // One record more. DataLoss for one that contradicts those before it.
  absl::Status Apply(const v1::JournalRecord& record);

  int64_t started_unix_ns = 0;  // 0: not begun
  uint64_t items = 0;
  uint64_t failed_items = 0;
  uint64_t failed_targets = 0;
  uint64_t stream_bytes = 0;  // of finished items
  uint32_t resumed = 0;
  uint64_t sent_bytes = 0;
  uint64_t deduplicated_bytes = 0;
  uint64_t last_stream_number = 0;
  absl::flat_hash_set<uint32_t> finished_targets;
  std::map<uint32_t, uint64_t> items_of_target;
  absl::flat_hash_set<Digest> taken;                         // of targets that are not finished
  absl::flat_hash_map<Digest, UnfinishedStream> unfinished;  // by ItemKey; of one name only the newest
  std::vector<v1::Trace> traces;
  std::optional<v1::AcquisitionEnd> end;

 private:
  absl::Status ApplyCheckpoint(const v1::StreamCheckpoint& checkpoint);
  void ApplyItem(const v1::Item& item);

  absl::flat_hash_map<uint64_t, Digest> unfinished_by_number_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_RUN_PROGRESS_SO_FAR_H_
