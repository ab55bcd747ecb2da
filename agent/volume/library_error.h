// Why libewf or libvmdk failed: they say it in the same way, each with types of its own.
#ifndef HOZEN_AGENT_VOLUME_LIBRARY_ERROR_H_
#define HOZEN_AGENT_VOLUME_LIBRARY_ERROR_H_

#include <cstddef>
#include <string>

namespace hozen {

// Thread-compatible. Owns what the library put into it.
template <typename Error, int (*Print)(Error*, char*, size_t), void (*Free)(Error**)>
class LibraryError {
 public:
  LibraryError() = default;
  ~LibraryError() { Free(&error_); }
  LibraryError(const LibraryError&) = delete;
  LibraryError& operator=(const LibraryError&) = delete;

  // For the next call; what was there before is gone.
  Error** out() {
    Free(&error_);
    return &error_;
  }

  // The library's last word on it. May hold anything: a file may speak through it.
  std::string text() const {
    char buffer[512] = {};
    if (error_ == nullptr || Print(error_, buffer, sizeof(buffer)) < 0) return "it does not say why";
    buffer[sizeof(buffer) - 1] = '\0';
    return buffer;
  }

 private:
  Error* error_ = nullptr;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLUME_LIBRARY_ERROR_H_
