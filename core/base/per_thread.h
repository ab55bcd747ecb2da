// An object for each thread, for what is costly to make and needs a destructor. `thread_local` is not that with
// mingw-w64: it frees a thread's variables before it runs their destructors
// (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=83562).
#ifndef HOZEN_CORE_BASE_PER_THREAD_H_
#define HOZEN_CORE_BASE_PER_THREAD_H_

#include <pthread.h>

#include <cstdlib>
#include <memory>

namespace hozen {

// Thread-safe. For objects with static lifetime: it is never destroyed itself. `Deleter` as a std::unique_ptr has it;
// it runs when its thread ends, of the main thread not at all.
template <typename T, typename Deleter = std::default_delete<T>>
class PerThread {
 public:
  using Make = T* (*)();

  explicit PerThread(Make make) : make_(make) {
    // A program has a thousand of these to give, and a handful of them in use.
    if (pthread_key_create(&key_, [](void* object) { Deleter()(static_cast<T*>(object)); }) != 0) std::abort();
  }
  PerThread(const PerThread&) = delete;
  PerThread& operator=(const PerThread&) = delete;

  // This thread's, made when it is first asked for; null where that cannot be.
  T* Get() {
    void* object = pthread_getspecific(key_);
    if (object != nullptr) return static_cast<T*>(object);
    std::unique_ptr<T, Deleter> made(make_());
    if (made == nullptr || pthread_setspecific(key_, made.get()) != 0) return nullptr;
    return made.release();
  }

 private:
  const Make make_;
  pthread_key_t key_;
};

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_PER_THREAD_H_
