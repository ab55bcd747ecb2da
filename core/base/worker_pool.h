// A fixed number of threads that run tasks in the order in which they were given.
#ifndef HOZEN_CORE_BASE_WORKER_POOL_H_
#define HOZEN_CORE_BASE_WORKER_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace hozen {

// How many threads are worth having for work that keeps a core busy: the cores that this process may use, at most
// eight.
int WorthwhileThreads();

// Thread-safe. The destructor runs what was submitted, then joins.
// The queue is not bounded here: whoever submits holds a ByteBudget for what the task keeps alive.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Submit(std::function<void()> task);
  int threads() const { return static_cast<int>(threads_.size()); }

 private:
  void Run();

  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_WORKER_POOL_H_
