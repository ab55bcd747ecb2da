// Owns one POSIX file descriptor.
#ifndef HOZEN_CORE_BASE_UNIQUE_FD_H_
#define HOZEN_CORE_BASE_UNIQUE_FD_H_

#include <utility>

namespace hozen {

// Thread-compatible. Movable, not copyable; closes what it owns.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~UniqueFd() { Reset(-1); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd);

 private:
  int fd_ = -1;
};

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_UNIQUE_FD_H_
