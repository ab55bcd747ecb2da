// A folder of a test's own, gone with it.
#ifndef HOZEN_CORE_BASE_TESTING_FOLDER_H_
#define HOZEN_CORE_BASE_TESTING_FOLDER_H_

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace hozen {

// Thread-compatible.
class TestingFolder {
 public:
  TestingFolder() {
    // Random, because tests of one name may run at the same time.
    std::random_device random;
    do {
      path_ = std::filesystem::path(::testing::TempDir()) / ("test." + std::to_string(random()));
    } while (!std::filesystem::create_directory(path_));
  }
  ~TestingFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestingFolder(const TestingFolder&) = delete;
  TestingFolder& operator=(const TestingFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void PutFile(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string GetFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace hozen

#endif  // HOZEN_CORE_BASE_TESTING_FOLDER_H_
