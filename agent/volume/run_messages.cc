#include "agent/volume/run_messages.h"

#include <optional>

#include "agent/volume/channel.h"

namespace hozen {
namespace {

bool Take(std::string_view& payload, uint64_t& number) {
  const std::optional<uint64_t> taken = TakeNumber(payload);
  if (taken.has_value()) number = *taken;
  return taken.has_value();
}

}  // namespace

void AppendQuery(const RunQuery& query, std::string& payload) {
  AppendNumber(payload, query.offset_bytes);
  AppendNumber(payload, query.from_bytes);
  AppendNumber(payload, query.most_runs);
  AppendNumber(payload, query.valuable_only ? 1 : 0);
}

bool TakeQuery(std::string_view& payload, RunQuery& query) {
  uint64_t valuable_only = 0;
  uint64_t most_runs = 0;
  if (!Take(payload, query.offset_bytes) || !Take(payload, query.from_bytes) || !Take(payload, most_runs) ||
      !Take(payload, valuable_only)) {
    return false;
  }
  query.most_runs = most_runs;
  query.valuable_only = valuable_only != 0;
  return true;
}

void AppendRun(const FileRun& run, std::string& payload) {
  AppendNumber(payload, run.offset_bytes);
  AppendNumber(payload, run.size_bytes);
  AppendNumber(payload, run.file_offset_bytes);
  AppendNumber(payload, uint64_t{run.group} << 8 | run.rank);
}

void AppendRun(const ByteRange& range, std::string& payload) {
  AppendNumber(payload, range.offset_bytes);
  AppendNumber(payload, range.size_bytes);
}

bool TakeRun(std::string_view& payload, FileRun& run) {
  uint64_t group_and_rank = 0;
  if (!Take(payload, run.offset_bytes) || !Take(payload, run.size_bytes) || !Take(payload, run.file_offset_bytes) ||
      !Take(payload, group_and_rank)) {
    return false;
  }
  run.group = static_cast<uint32_t>(group_and_rank >> 8);
  run.rank = static_cast<uint8_t>(group_and_rank);
  return true;
}

bool TakeRun(std::string_view& payload, ByteRange& range) {
  return Take(payload, range.offset_bytes) && Take(payload, range.size_bytes);
}

}  // namespace hozen
