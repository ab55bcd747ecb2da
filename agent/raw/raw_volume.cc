#include "agent/raw/raw_volume.h"

#include <utility>

#include "core/base/status_macros.h"

namespace hozen {
namespace {

// A hostile file system may kill its child with every file; each death may cost the time that an answer may take.
constexpr int kMostDeaths = 24;

}  // namespace

template <typename Question>
auto RawVolume::Ask(const Question& question) -> decltype(question(std::declval<VolumeReader&>())) {
  absl::MutexLock lock(&mutex_);
  for (bool again : {false, true}) {
    if (deaths_ >= kMostDeaths) break;
    if (reader_ == nullptr) {
      absl::StatusOr<std::unique_ptr<VolumeReader>> started = start_reader_();
      if (!started.ok()) return started.status();
      reader_ = *std::move(started);
    }
    auto answer = question(*reader_);
    if (!absl::IsAborted(answer.status())) return answer;
    reader_ = nullptr;
    ++deaths_;
    if (again) return answer;
  }
  return absl::AbortedError("its file system has ended the volume reader too often; nothing more of it is read");
}

absl::StatusOr<RawFileSystem> RawVolume::Describe() {
  return Ask([this](VolumeReader& reader) { return reader.DescribeFileSystem(offset_bytes_); });
}

template <typename Question>
absl::StatusOr<std::vector<v1::RawEntry>> RawVolume::Page(const Question& question) {
  return Ask([&](VolumeReader& reader) -> absl::StatusOr<std::vector<v1::RawEntry>> {
    std::vector<v1::RawEntry> entries;
    HOZEN_RETURN_IF_ERROR(question(reader, [&entries](std::vector<v1::RawEntry> batch) {
      std::move(batch.begin(), batch.end(), std::back_inserter(entries));
      return absl::OkStatus();
    }));
    return entries;
  });
}

absl::StatusOr<std::vector<v1::RawEntry>> RawVolume::ReadFolder(uint64_t folder, bool deleted, uint64_t first,
                                                                size_t most) {
  return Page([&](VolumeReader& reader, const VolumeReader::OnRawEntries& keep) {
    return reader.ReadFolder(Id(folder), {.deleted = deleted, .first = first, .most = most}, keep);
  });
}

absl::StatusOr<std::vector<v1::RawEntry>> RawVolume::ReadOrphans(uint64_t first, size_t most) {
  return Page([&](VolumeReader& reader, const VolumeReader::OnRawEntries& keep) {
    return reader.ReadOrphans(offset_bytes_, {.first = first, .most = most}, keep);
  });
}

absl::StatusOr<v1::RawEntry> RawVolume::FindEntry(uint64_t folder, std::string_view name) {
  return Ask([&](VolumeReader& reader) { return reader.FindEntry(Id(folder), name); });
}

absl::StatusOr<v1::RawEntry> RawVolume::DescribeFile(uint64_t file) {
  return Ask([&](VolumeReader& reader) { return reader.DescribeFile(Id(file)); });
}

absl::StatusOr<size_t> RawVolume::ReadAttribute(uint64_t file, const RawAttributeId& attribute, uint64_t offset_bytes,
                                                absl::Span<char> buffer) {
  return Ask([&](VolumeReader& reader) { return reader.ReadAttribute(Id(file), attribute, offset_bytes, buffer); });
}

absl::StatusOr<RegistryEnd> RawVolume::ReadRegistry(RegistryQuery query, const OnRegistryKey& on_key) {
  query.hive.file_system_offset_bytes = offset_bytes_;
  for (RawFileId& log : query.logs) log.file_system_offset_bytes = offset_bytes_;
  bool handed_on = false;
  absl::Status stopped;
  absl::StatusOr<RegistryEnd> end = Ask([&](VolumeReader& reader) -> absl::StatusOr<RegistryEnd> {
    if (handed_on) return absl::DataLossError("the volume reader died while it read the hive");
    absl::StatusOr<RegistryEnd> answer = reader.ReadRegistry(query, [&](const v1::RegistryKey& key) {
      handed_on = true;
      stopped = on_key(key);
      return stopped;
    });
    return answer;
  });
  if (!stopped.ok()) {
    // Our own word ended the reader: it is no death of it.
    absl::MutexLock lock(&mutex_);
    reader_ = nullptr;
    return stopped;
  }
  return end;
}

}  // namespace hozen
