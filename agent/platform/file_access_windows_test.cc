// What only Windows can show of files as evidence.
#include <windows.h>

#include <set>
#include <string>

#include "agent/platform/descriptor.h"
#include "agent/platform/file_access.h"
#include "core/base/path_text.h"
#include "core/base/status_context.h"
#include "core/base/testing_folder.h"
#include "core/base/windows_text.h"
#include "core/bytes/source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

class FileAccessWindowsTest : public ::testing::Test {
 protected:
  FileAccessWindowsTest() { PutFile(folder_ / "Plain.txt", "0123456789"); }

  OpenedFile Root() const {
    absl::StatusOr<OpenedFile> root = OpenRootFolder(PathText(folder_.path()));
    EXPECT_TRUE(root.ok()) << root.status();
    return *std::move(root);
  }

  std::set<std::string> Names() const {
    const OpenedFile root = Root();
    FolderReader reader(root.fd.get());
    std::set<std::string> names;
    for (;;) {
      const absl::StatusOr<std::vector<FolderEntry>> entries = reader.Next();
      EXPECT_TRUE(entries.ok()) << entries.status();
      if (!entries.ok() || entries->empty()) return names;
      for (const FolderEntry& entry : *entries) names.insert(entry.name);
    }
  }

  const TestingFolder folder_;
};

TEST_F(FileAccessWindowsTest, SaysWhatAFileIs) {
  const OpenedFile root = Root();
  EXPECT_EQ(FileTypeOf(root.metadata), FileType::kFolder);
  const absl::StatusOr<v1::FileMetadata> found = StatEntry(root.fd.get(), "plain.TXT");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(FileTypeOf(*found), FileType::kRegular);
  EXPECT_EQ(found->size_bytes(), 10u);
  EXPECT_GT(found->modified_unix_ns(), 1'600'000'000'000'000'000);
  EXPECT_NE(found->inode(), 0u);
  EXPECT_TRUE(absl::IsNotFound(StatEntry(root.fd.get(), "none").status()));
}

TEST_F(FileAccessWindowsTest, NamesAreOnePartAndNoStream) {
  const OpenedFile root = Root();
  for (const char* name : {"..", ".", "", "a\\b", "a/b", "Plain.txt:stream", "C:"}) {
    EXPECT_TRUE(absl::IsNotFound(StatEntry(root.fd.get(), name).status())) << name;
  }
}

TEST_F(FileAccessWindowsTest, DescribesByTheNameThatTheFolderHas) {
  const OpenedFile root = Root();
  const absl::StatusOr<DescribedEntry> found = DescribeEntry(root.fd.get(), "PLAIN.txt");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->name, "Plain.txt");
  EXPECT_EQ(found->metadata.size_bytes(), 10u);
  EXPECT_EQ(found->problem, "");
  EXPECT_TRUE(found->streams.empty());
  EXPECT_TRUE(absl::IsNotFound(DescribeEntry(root.fd.get(), "none").status()));
}

TEST_F(FileAccessWindowsTest, StreamsAreReadBesideTheContents) {
  const OpenedFile root = Root();
  EXPECT_TRUE(absl::IsNotFound(OpenNamedStream(root.fd.get(), "Plain.txt", "Zone.Identifier").status()));
  for (const char* stream : {"", ":$DATA", "a\\b", "..", "x:$DATA"}) {
    EXPECT_FALSE(OpenNamedStream(root.fd.get(), "Plain.txt", stream).ok()) << stream;
  }
  const HANDLE made = ::CreateFileW(ExtendedPath(folder_ / "Plain.txt:Zone.Identifier").c_str(), GENERIC_WRITE, 0,
                                    nullptr, CREATE_NEW, 0, nullptr);
  if (made == INVALID_HANDLE_VALUE) GTEST_SKIP() << "this file system has no streams";
  DWORD size = 0;
  EXPECT_TRUE(::WriteFile(made, "[Zone]", 6, &size, nullptr));
  ::CloseHandle(made);
  // Wine makes a file of such a name, which is read as the stream would be.
  absl::StatusOr<OpenedFile> stream = OpenNamedStream(root.fd.get(), "Plain.txt", "Zone.Identifier");
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(stream->metadata.size_bytes(), 6u);
  EXPECT_EQ(*NewFdSource(std::move(stream->fd), 6)->Read(0, 6), "[Zone]");
  const absl::StatusOr<DescribedEntry> found = DescribeEntry(root.fd.get(), "Plain.txt");
  ASSERT_TRUE(found.ok()) << found.status();
  if (found->streams.empty()) GTEST_SKIP() << "wine lists no streams";
  ASSERT_EQ(found->streams.size(), 1u);
  EXPECT_EQ(found->streams[0].name, "Zone.Identifier");
  EXPECT_EQ(found->streams[0].size_bytes, 6u);
}

TEST_F(FileAccessWindowsTest, ReadsAFileAtAnyOffset) {
  const OpenedFile root = Root();
  absl::StatusOr<OpenedFile> file = OpenRegularFile(root.fd.get(), "Plain.txt");
  ASSERT_TRUE(file.ok()) << file.status();
  const UniqueFd again = DuplicateDescriptor(file->fd.get());
  const std::unique_ptr<Source> source = NewFdSource(std::move(file->fd), 10);
  EXPECT_EQ(*source->Read(3, 4), "3456");
  EXPECT_EQ(StateOfDescriptor(again.get()).size_bytes, 10u);
  EXPECT_FALSE(source->WasWritten());
}

TEST_F(FileAccessWindowsTest, AFolderIsNoFileAndAFileNoFolder) {
  std::filesystem::create_directory(folder_ / "inner");
  const OpenedFile root = Root();
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenRegularFile(root.fd.get(), "inner").status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenFolder(root.fd.get(), "Plain.txt").status()));
  EXPECT_TRUE(OpenFolder(root.fd.get(), "INNER").ok());
}

TEST_F(FileAccessWindowsTest, ListsEveryName) {
  std::set<std::string> wanted = {"Plain.txt", "保全"};
  PutFile(folder_.path() / PathOf("保全"), "x");
  // More than fit in one answer of the system.
  for (int i = 0; i < 1500; ++i) wanted.insert("a file with a rather long name, number " + std::to_string(i));
  for (const std::string& name : wanted) PutFile(folder_.path() / PathOf(name), "x");
  EXPECT_EQ(Names(), wanted);
  EXPECT_EQ(Names(), wanted) << "from the start again";
}

// Half of a surrogate pair is a name like any other. (A file system of Linux below may not be able to store it.)
TEST_F(FileAccessWindowsTest, ALoneSurrogateInANameIsKept) {
  const std::string name = "half \xED\xA0\xBD.txt";
  const HANDLE made = ::CreateFileW(ExtendedPath(folder_.path() / PathOf(name)).c_str(), GENERIC_WRITE, 0, nullptr,
                                    CREATE_NEW, 0, nullptr);
  if (made == INVALID_HANDLE_VALUE) GTEST_SKIP() << "this file system has no such names";
  ::CloseHandle(made);
  EXPECT_EQ(Names().count(name), 1u);
  EXPECT_TRUE(OpenRegularFile(Root().fd.get(), name).ok());
}

TEST_F(FileAccessWindowsTest, WhatAnotherKeepsToItselfIsBusy) {
  const HANDLE held =
      ::CreateFileW(ExtendedPath(folder_ / "Plain.txt").c_str(), GENERIC_READ, 0, nullptr, OPEN_EXISTING, 0, nullptr);
  ASSERT_NE(held, INVALID_HANDLE_VALUE);
  const OpenedFile root = Root();
  EXPECT_EQ(SystemErrorOf(OpenRegularFile(root.fd.get(), "Plain.txt").status()), EBUSY);
  EXPECT_TRUE(StatEntry(root.fd.get(), "Plain.txt").ok()) << "it can be looked at all the same";
  ::CloseHandle(held);
  EXPECT_TRUE(OpenRegularFile(root.fd.get(), "Plain.txt").ok());
}

}  // namespace
}  // namespace hozen
