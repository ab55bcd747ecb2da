// The thread that keeps the search indexes up with the commits.
#ifndef HOZEN_COLLECTOR_SEARCH_INDEX_WORKER_H_
#define HOZEN_COLLECTOR_SEARCH_INDEX_WORKER_H_

#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "collector/catalog/catalog.h"
#include "collector/search/index_pace.h"
#include "collector/search/indexer.h"
#include "core/base/clock.h"

namespace hozen {

// Thread-safe. Makes room for commits: rests between batches while something is committed (IndexPace), and its thread
// comes after others where cores are short. Starts with what all customers have missed; what fails is logged and tried
// again, after pauses that grow from `first_pause`. The destructor ends the work after the batch at hand.
class IndexWorker {
 public:
  // All must outlive it. `clock` says how long batches took.
  IndexWorker(Indexer& indexer, Catalog& catalog, absl::Duration first_pause = absl::Seconds(5),
              const Clock& clock = Clock::Real());
  ~IndexWorker();
  IndexWorker(const IndexWorker&) = delete;
  IndexWorker& operator=(const IndexWorker&) = delete;

  // Something of this customer was committed. Cheap; never waits for the work.
  void Notify(std::string_view customer_id);
  // Waits until nothing is to be done, or so long. Whether nothing is.
  bool WaitUntilIdle(absl::Duration patience);

 private:
  void Run();
  void Remember();
  // All that the customer misses; false where some of it failed.
  bool CatchUp(const std::string& customer_id);
  absl::Status StillRunning();
  // Before each batch: rests, if the last one is due a rest. Cancelled once it is to stop.
  absl::Status BeforeBatch();

  Indexer& indexer_;
  Catalog& catalog_;
  const absl::Duration first_pause_;
  const Clock& clock_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool working_ ABSL_GUARDED_BY(mutex_) = true;
  std::set<std::string> behind_ ABSL_GUARDED_BY(mutex_);  // customers with something new
  // The thread's own:
  std::set<std::string> failed_;
  IndexPace pace_;
  absl::Duration batch_began_;  // monotonic
  std::thread thread_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SEARCH_INDEX_WORKER_H_
