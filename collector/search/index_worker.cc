#include "collector/search/index_worker.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "absl/time/clock.h"
#include "core/base/concat.h"
#include "core/base/log.h"

namespace hozen {
namespace {

constexpr absl::Duration kLongestPause = absl::Minutes(10);
// A rest looks so often whether there is still a reason for it.
constexpr absl::Duration kRestStep = absl::Milliseconds(20);
// Added to the thread's niceness.
constexpr int kNiceness = 5;

}  // namespace

IndexWorker::IndexWorker(Indexer& indexer, Catalog& catalog, absl::Duration first_pause, const Clock& clock)
    : indexer_(indexer), catalog_(catalog), first_pause_(first_pause), clock_(clock), thread_([this] { Run(); }) {}

IndexWorker::~IndexWorker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void IndexWorker::Notify(std::string_view customer_id) {
  absl::MutexLock lock(&mutex_);
  behind_.emplace(customer_id);
}

bool IndexWorker::WaitUntilIdle(absl::Duration patience) {
  absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return behind_.empty() && !working_; };
  return mutex_.AwaitWithTimeout(absl::Condition(&idle), patience);
}

absl::Status IndexWorker::StillRunning() {
  absl::MutexLock lock(&mutex_);
  return stopping_ ? absl::CancelledError("the collector is stopping") : absl::OkStatus();
}

absl::Status IndexWorker::BeforeBatch() {
  absl::Duration rest = pace_.RestAfter(clock_.Monotonic() - batch_began_, catalog_.Commits());
  while (rest > absl::ZeroDuration() && !pace_.MayEnd(catalog_.Commits())) {
    const absl::Duration step = std::min(rest, kRestStep);
    rest -= step;
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), step)) break;
  }
  batch_began_ = clock_.Monotonic();
  return StillRunning();
}

void IndexWorker::Remember() {
  const absl::StatusOr<std::vector<CustomerRow>> customers = catalog_.ListCustomers();
  if (!customers.ok()) {
    Log(Severity::kError,
        Concat("the search indexes wait for the next commit error=", StdView(customers.status().message())));
    return;
  }
  absl::MutexLock lock(&mutex_);
  for (const CustomerRow& customer : *customers) behind_.insert(customer.customer_id);
}

void IndexWorker::Run() {
  // Of this thread alone, as Linux has it. Without it the index is only less polite.
  errno = 0;
  if (nice(kNiceness) == -1 && errno != 0) Log(Severity::kWarning, "the indexing thread could not be made nicer");
  Remember();
  absl::Duration pause = first_pause_;
  while (true) {
    std::set<std::string> taken;
    {
      absl::MutexLock lock(&mutex_);
      working_ = false;
      const auto wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !behind_.empty(); };
      if (failed_.empty()) {
        mutex_.Await(absl::Condition(&wanted));
      } else if (!mutex_.AwaitWithTimeout(absl::Condition(&wanted), pause)) {
        behind_.swap(failed_);
        pause = std::min(2 * pause, kLongestPause);
      }
      if (stopping_) return;
      working_ = true;
      taken.swap(behind_);
    }
    for (const std::string& customer_id : taken) {
      if (CatchUp(customer_id)) {
        failed_.erase(customer_id);
      } else {
        failed_.insert(customer_id);
      }
    }
    if (failed_.empty()) pause = first_pause_;
  }
}

bool IndexWorker::CatchUp(const std::string& customer_id) {
  const absl::StatusOr<std::vector<std::string>> pending = indexer_.Pending(customer_id);
  if (!pending.ok()) {
    Log(Severity::kError,
        Concat("a search index cannot be kept customer=", customer_id, " error=", StdView(pending.status().message())));
    return false;
  }
  bool all = true;
  for (const std::string& acquisition_id : *pending) {
    const absl::Time start = absl::Now();
    batch_began_ = clock_.Monotonic();
    const absl::Status status = indexer_.Index(customer_id, acquisition_id, [this] { return BeforeBatch(); });
    if (!StillRunning().ok()) return false;
    if (status.ok()) {
      Log(Severity::kInfo, Concat("acquisition indexed customer=", customer_id, " acquisition=", acquisition_id,
                                  " ms=", absl::ToInt64Milliseconds(absl::Now() - start)));
      continue;
    }
    all = false;
    Log(absl::IsResourceExhausted(status) ? Severity::kWarning : Severity::kError,
        Concat("an acquisition was not indexed, it will be tried again customer=", customer_id,
               " error=", StdView(status.message())));
    if (absl::IsResourceExhausted(status)) return false;
  }
  return all;
}

}  // namespace hozen
