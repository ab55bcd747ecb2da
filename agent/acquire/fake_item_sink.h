// A sink that keeps what it is given, for tests of sources.
#ifndef HOZEN_AGENT_ACQUIRE_FAKE_ITEM_SINK_H_
#define HOZEN_AGENT_ACQUIRE_FAKE_ITEM_SINK_H_

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "agent/acquire/item_sink.h"

namespace hozen {

// Thread-compatible.
class FakeItemSink : public ItemSink {
 public:
  struct Taken {
    v1::Item item;
    std::string bytes;
    bool has_stream = false;
    bool until_end = false;
    absl::Status error;  // that ended the stream
  };

  absl::Status Record(v1::Item item) override {
    if (on_item) on_item(item);
    taken.push_back({.item = std::move(item), .bytes = "", .has_stream = false, .until_end = false, .error = {}});
    return status;
  }

  absl::Status Take(v1::Item item, Source& source, bool until_end) override {
    if (on_item) on_item(item);
    std::string bytes;
    absl::Status error;
    std::string buffer(64 << 10, '\0');
    while (bytes.size() < most_bytes) {
      const absl::StatusOr<size_t> size = source.ReadAt(bytes.size(), absl::MakeSpan(buffer.data(), buffer.size()));
      error = size.status();
      if (!size.ok() || *size == 0) break;
      bytes.append(buffer, 0, *size);
    }
    taken.push_back({.item = std::move(item),
                     .bytes = std::move(bytes),
                     .has_stream = true,
                     .until_end = until_end,
                     .error = std::move(error)});
    return status;
  }

  absl::Status TakeDisk(v1::Item item, Source& source, DiskGuide& guide) override {
    zones.clear();
    for (uint64_t at = 0; at < source.size_bytes(); at = zones.back().end_bytes) {
      zones.push_back(guide.Look(at));
      if (zones.back().end_bytes <= at) return absl::InternalError("a zone that does not go on");
    }
    valuable = guide.Valuable();
    return Take(std::move(item), source, /*until_end=*/false);
  }

  bool AlreadyTaken(uint32_t /*target_index*/, const std::string& path) const override {
    return already_taken.count(path) > 0;
  }

  absl::Status Poll() override {
    ++polls;
    return poll_status;
  }

  void NoteTrace(v1::Trace trace) override { traces.push_back(std::move(trace)); }

  // The one item with this path; nullptr where there is none or several.
  const Taken* Find(const std::string& path) const {
    const Taken* found = nullptr;
    for (const Taken& one : taken) {
      if (one.item.path() != path) continue;
      if (found != nullptr) return nullptr;
      found = &one;
    }
    return found;
  }

  std::vector<std::string> Paths() const {
    std::vector<std::string> paths;
    for (const Taken& one : taken) paths.push_back(one.item.path());
    return paths;
  }

  std::vector<Taken> taken;
  std::vector<DiskZone> zones;    // of the last disk
  std::vector<FileRun> valuable;  // of the last disk
  std::vector<v1::Trace> traces;
  std::set<std::string> already_taken;
  absl::Status status;       // what Record and Take answer
  absl::Status poll_status;  // what Poll answers
  size_t most_bytes = 64 << 20;
  int polls = 0;
  std::function<void(const v1::Item&)> on_item;  // called before an item is kept
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_FAKE_ITEM_SINK_H_
