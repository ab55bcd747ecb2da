// For --config=tsan only: Abseil's Mutex, CondVar and Notification over pthreads, in the place of the library's.
//
// ThreadSanitizer sees what is compiled with it and what goes through pthreads. Debian's Abseil does neither: its locks
// are invisible, so that all that they guard looks like a race. These definitions come before the shared library's when
// the program is linked. Conditions are evaluated by their own waiter, as the contract allows.
#include "absl/synchronization/mutex.h"

#include <pthread.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace {

struct NativeMutex {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t unlocked = PTHREAD_COND_INITIALIZER;  // for those who wait for a Condition
};

struct NativeCondVar {
  pthread_cond_t signalled = PTHREAD_COND_INITIALIZER;
};

// Abseil's objects are one word, zero at the start; it becomes a pointer to ours at the first use.
template <typename Native>
Native& Of(std::atomic<intptr_t>& word) {
  intptr_t value = word.load(std::memory_order_acquire);
  if (value == 0) {
    auto* const made = new Native;
    if (word.compare_exchange_strong(value, reinterpret_cast<intptr_t>(made), std::memory_order_acq_rel)) return *made;
    delete made;
  }
  return *reinterpret_cast<Native*>(value);
}

void Check(int error) {
  if (error != 0) std::abort();
}

// True if it was woken, false at the deadline.
bool WaitUntil(pthread_cond_t& condition, pthread_mutex_t& mutex, absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) {
    Check(::pthread_cond_wait(&condition, &mutex));
    return true;
  }
  const timespec until = absl::ToTimespec(deadline < absl::UnixEpoch() ? absl::UnixEpoch() : deadline);
  const int error = ::pthread_cond_timedwait(&condition, &mutex, &until);
  if (error != ETIMEDOUT) Check(error);
  return error == 0;
}

bool AwaitUntil(NativeMutex& native, const absl::Condition& condition, absl::Time deadline) {
  while (!condition.Eval()) {
    Check(::pthread_cond_broadcast(&native.unlocked));  // waiting gives the lock up, as unlocking does
    if (!WaitUntil(native.unlocked, native.mutex, deadline)) return condition.Eval();
  }
  return true;
}

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

Mutex::~Mutex() { delete reinterpret_cast<NativeMutex*>(mu_.load(std::memory_order_acquire)); }
void Mutex::Lock() { Check(::pthread_mutex_lock(&Of<NativeMutex>(mu_).mutex)); }
void Mutex::Unlock() {
  NativeMutex& native = Of<NativeMutex>(mu_);
  Check(::pthread_cond_broadcast(&native.unlocked));
  Check(::pthread_mutex_unlock(&native.mutex));
}
bool Mutex::TryLock() { return ::pthread_mutex_trylock(&Of<NativeMutex>(mu_).mutex) == 0; }
void Mutex::AssertHeld() const {}
void Mutex::AssertReaderHeld() const {}
void Mutex::AssertNotHeld() const {}
void Mutex::ForgetDeadlockInfo() {}
void Mutex::EnableDebugLog(const char*) {}
void Mutex::EnableInvariantDebugging(void (*)(void*), void*) {}
void Mutex::ReaderLock() { Lock(); }
void Mutex::ReaderUnlock() { Unlock(); }
bool Mutex::ReaderTryLock() { return TryLock(); }

void Mutex::Await(const Condition& cond) { AwaitUntil(Of<NativeMutex>(mu_), cond, InfiniteFuture()); }
bool Mutex::AwaitWithDeadline(const Condition& cond, Time deadline) {
  return AwaitUntil(Of<NativeMutex>(mu_), cond, deadline);
}
bool Mutex::AwaitWithTimeout(const Condition& cond, Duration timeout) {
  return AwaitWithDeadline(cond, Now() + timeout);
}
void Mutex::LockWhen(const Condition& cond) {
  Lock();
  Await(cond);
}
bool Mutex::LockWhenWithDeadline(const Condition& cond, Time deadline) {
  Lock();
  return AwaitWithDeadline(cond, deadline);
}
bool Mutex::LockWhenWithTimeout(const Condition& cond, Duration timeout) {
  return LockWhenWithDeadline(cond, Now() + timeout);
}
void Mutex::ReaderLockWhen(const Condition& cond) { LockWhen(cond); }
bool Mutex::ReaderLockWhenWithDeadline(const Condition& cond, Time deadline) {
  return LockWhenWithDeadline(cond, deadline);
}
bool Mutex::ReaderLockWhenWithTimeout(const Condition& cond, Duration timeout) {
  return LockWhenWithTimeout(cond, timeout);
}

CondVar::~CondVar() { delete reinterpret_cast<NativeCondVar*>(cv_.load(std::memory_order_acquire)); }
void CondVar::Wait(Mutex* mu) { WaitWithDeadline(mu, InfiniteFuture()); }
bool CondVar::WaitWithTimeout(Mutex* mu, Duration timeout) { return WaitWithDeadline(mu, Now() + timeout); }
bool CondVar::WaitWithDeadline(Mutex* mu, Time deadline) {
  NativeMutex& native = Of<NativeMutex>(mu->mu_);
  Check(::pthread_cond_broadcast(&native.unlocked));
  return !WaitUntil(Of<NativeCondVar>(cv_).signalled, native.mutex, deadline);
}
void CondVar::Signal() { Check(::pthread_cond_signal(&Of<NativeCondVar>(cv_).signalled)); }
void CondVar::SignalAll() { Check(::pthread_cond_broadcast(&Of<NativeCondVar>(cv_).signalled)); }
void CondVar::EnableDebugLog(const char*) {}

Notification::~Notification() { MutexLock lock(&mutex_); }
void Notification::Notify() {
  MutexLock lock(&mutex_);
  notified_yet_.store(true, std::memory_order_release);
}
void Notification::WaitForNotification() const { WaitForNotificationWithDeadline(InfiniteFuture()); }
bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  return WaitForNotificationWithDeadline(Now() + timeout);
}
bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  MutexLock lock(&mutex_);
  return mutex_.AwaitWithDeadline(Condition(&HasBeenNotifiedInternal, &notified_yet_), deadline);
}

ABSL_NAMESPACE_END
}  // namespace absl
