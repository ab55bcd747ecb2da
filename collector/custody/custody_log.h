// A customer's append-only log of everything that happened to evidence: RFC 6962 hashing, c2sp.org/tlog-tiles layout,
// signed checkpoints. Format and kinds of entries: docs/formats/custody-log.md.
#ifndef HOZEN_COLLECTOR_CUSTODY_CUSTODY_LOG_H_
#define HOZEN_COLLECTOR_CUSTODY_CUSTODY_LOG_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/crypto/key.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// What happened. Becomes one JSON object, the entry.
struct CustodyEvent {
  std::string kind;            // "host.enrolled", "plan.submitted", "acquisition.committed", "evidence.exported", ...
  std::string actor;           // "operator:alice", "host:3f2a...", "collector"
  std::string acquisition_id;  // empty where it belongs to none
  std::string host_id;
  // Further members, each a JSON string: digests in hexadecimal, formats, names. Sorted by name in the entry.
  std::vector<std::pair<std::string, std::string>> details;
};

// Thread-safe. One per log folder in all processes (the collector's data folder is locked).
class CustodyLog {
 public:
  virtual ~CustodyLog() = default;

  // Appends and syncs: the entry, its tiles and a new checkpoint are durable when it returns. Entries are never
  // changed. The entry's time is the clock's. Returns the leaf's index.
  virtual absl::StatusOr<uint64_t> Append(const CustodyEvent& event) = 0;

  virtual uint64_t size() const = 0;
  virtual absl::StatusOr<std::string> Entry(uint64_t index) = 0;
  virtual absl::StatusOr<std::string> SignedCheckpoint() = 0;
  // Entry, inclusion path and checkpoint of the tree as it is now. NotFound for an index behind its end.
  virtual absl::StatusOr<v1::CustodyProof> Prove(uint64_t index) = 0;
  // RFC 9162 2.1.4 from an older size to now, with the checkpoint of now.
  struct Consistency {
    std::string checkpoint;
    std::vector<std::string> path;
  };
  virtual absl::StatusOr<Consistency> ProveConsistency(uint64_t old_size) = 0;

  // Opens or creates the log. DataLoss where entries and tiles disagree or the checkpoint is not this key's.
  // `clock` must outlive the log.
  static absl::StatusOr<std::unique_ptr<CustodyLog>> Open(const std::filesystem::path& folder, std::string origin,
                                                          PrivateKey key, const Clock& clock);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CUSTODY_CUSTODY_LOG_H_
