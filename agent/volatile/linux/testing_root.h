// A folder that stands for another host's root, with a /proc and /sys of the test's own.
#ifndef HOZEN_AGENT_VOLATILE_LINUX_TESTING_ROOT_H_
#define HOZEN_AGENT_VOLATILE_LINUX_TESTING_ROOT_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace hozen {

// Thread-compatible. Gone with it.
class TestingRoot {
 public:
  TestingRoot() {
    std::string pattern = ::testing::TempDir() + "/root.XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~TestingRoot() { std::filesystem::remove_all(path_); }
  TestingRoot(const TestingRoot&) = delete;
  TestingRoot& operator=(const TestingRoot&) = delete;

  // Paths begin with "/"; folders above them are made.
  void Write(const std::string& path, std::string_view bytes) const {
    MakeFolder(std::filesystem::path(path).parent_path().string());
    std::ofstream(path_ + path, std::ios::binary) << bytes;
  }
  void MakeFolder(const std::string& path) const { std::filesystem::create_directories(path_ + path); }
  void Link(const std::string& path, const std::string& target) const {
    MakeFolder(std::filesystem::path(path).parent_path().string());
    std::filesystem::create_symlink(target, path_ + path);
  }
  void Remove(const std::string& path) const { std::filesystem::remove_all(path_ + path); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace hozen

#endif  // HOZEN_AGENT_VOLATILE_LINUX_TESTING_ROOT_H_
