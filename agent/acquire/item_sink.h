// What a source of evidence gives its finds to. Sources find and open; the sink (agent/run) reads, cuts, hashes, sends,
// keeps limits and writes the journal. Tests use a fake.
#ifndef HOZEN_AGENT_ACQUIRE_ITEM_SINK_H_
#define HOZEN_AGENT_ACQUIRE_ITEM_SINK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/acquire/disk_guide.h"
#include "core/bytes/source.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// What tells an item from the others of its target: its path, but of what was read raw also that and which
// attribute it is, and of what was deleted its record, for many deleted files may have had one path.
std::string NameAmongTaken(const v1::Item& item);

// Called from one thread at a time. An error from any call means: stop this acquisition now (a limit of the plan, a
// cancellation, a deadline, a sink that gave up); hand it on unchanged. Failures of single items are not errors, they
// are Items with a Failure.
class ItemSink {
 public:
  virtual ~ItemSink() = default;

  // An item without a stream: a folder, a link, a device, a PATH target, a file that could not be opened. The source
  // has filled in kind, path, metadata, state and failure; index, target and times are the sink's.
  virtual absl::Status Record(v1::Item item) = 0;

  // An item with a stream, read from its start to its end. The sink sets state, sizes and hashes, and the failure,
  // where the item does not bear one already: then all of it is taken, and is partial for that reason. With `until_end`
  // the stream ends where reads return 0 bytes, and item.file().size_bytes() is only what to expect (files of /proc say
  // 0, logs grow); without it, at source.size_bytes(), and what is missing there is unreadable (disks).
  virtual absl::Status Take(v1::Item item, Source& source, bool until_end) = 0;

  // A disk: read front to back up to source.size_bytes(), cut along the files that `guide` knows of. In the order
  // "value" of item.disk() what has a rank is sent ahead, and is in the map even where the plan ends before the disk
  // does; the rest is then not acquired.
  virtual absl::Status TakeDisk(v1::Item item, Source& source, DiskGuide& guide) = 0;

  // Was an item with this name, as NameAmongTaken gives it, and target finished before the agent was restarted? Then it
  // need not be opened.
  virtual bool AlreadyTaken(uint32_t target_index, const std::string& name) const = 0;

  // OK, or the reason to stop; cheap enough for every folder entry. Also where CPU limits are kept, so it may wait.
  virtual absl::Status Poll() = 0;

  // A trace on the host that could not be avoided (an access time that may be new). For the manifest; of many the sink
  // keeps the first and counts the rest.
  virtual void NoteTrace(v1::Trace /*trace*/) {}
};

}  // namespace hozen

#endif  // HOZEN_AGENT_ACQUIRE_ITEM_SINK_H_
