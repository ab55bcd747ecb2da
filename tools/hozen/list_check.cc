#include "tools/hozen/list_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/strip.h"
#include "core/base/concat.h"
#include "core/base/language.h"
#include "core/base/printable.h"
#include "core/base/status_macros.h"

namespace hozen {
namespace {

constexpr size_t kPieceSizeBytes = 256 << 10;
// A record of 2 MiB whose every byte is escaped twice.
constexpr size_t kMaxLineSizeBytes = 32 << 20;

std::string StateName(v1::Item::State state) {
  return absl::AsciiStrToLower(absl::StripPrefix(v1::Item::State_Name(state), "STATE_"));
}

nlohmann::json CauseOf(bool failed, const v1::Failure& failure) {
  if (!failed) return nullptr;
  if (!v1::Cause_IsValid(failure.cause())) return Concat("CAUSE_", static_cast<int>(failure.cause()));
  return std::string(absl::StripPrefix(v1::Cause_Name(failure.cause()), "CAUSE_"));
}

}  // namespace

nlohmann::json ExpectedItemLine(const v1::Item& item, std::string_view entry) {
  nlohmann::json json;
  json["index"] = item.index();
  json["state"] = StateName(item.state());
  json["path"] = Printable(item.path());
  json["cause"] = CauseOf(item.has_failure(), item.failure());
  json["size_bytes"] = nullptr;
  json["sha256"] = nullptr;
  json["entry"] = nullptr;
  if (item.has_stream()) {
    json["size_bytes"] = item.size_bytes();
    json["sha256"] = absl::BytesToHexString(item.sha256());
    json["entry"] = std::string(entry);
  }
  return json;
}

nlohmann::json ExpectedTargetLine(const v1::TargetOutcome& outcome) {
  nlohmann::json json;
  json["target_index"] = outcome.target_index();
  json["pattern"] = Printable(outcome.pattern());
  json["matched_items"] = outcome.matched_items();
  json["cause"] = CauseOf(outcome.has_failure(), outcome.failure());
  return json;
}

nlohmann::json ExpectedUploadLine(const v1::Item& item) {
  nlohmann::json json;
  json["vfs_path"] = Printable(item.path());
  json["uploaded_size"] = item.size_bytes();
  json["sha256"] = absl::BytesToHexString(item.sha256());
  json["item_index"] = item.index();
  return json;
}

absl::StatusOr<bool> ListCheck::ReadLine() {
  size_t searched = begin_;
  while (true) {
    size_t end = pending_.find('\n', searched);
    if (end == std::string::npos && at_end_ && begin_ < pending_.size()) end = pending_.size();
    if (end != std::string::npos) {
      line_.assign(pending_, begin_, end - begin_);
      begin_ = std::min(end + 1, pending_.size());
      ++lines_;
      return true;
    }
    if (at_end_) return false;
    pending_.erase(0, std::exchange(begin_, 0));
    searched = pending_.size();
    if (searched > kMaxLineSizeBytes) {
      return absl::DataLossError(Concat(Say("a line is too long: ", "行が長すぎます: "), lines_ + 1));
    }
    pending_.resize(searched + kPieceSizeBytes);
    const auto got = read_(pending_.data() + searched, kPieceSizeBytes);
    pending_.resize(searched + (got.ok() ? *got : 0));
    HOZEN_RETURN_IF_ERROR(got.status());
    at_end_ = *got == 0;
  }
}

absl::Status ListCheck::Next(const nlohmann::json& expected) {
  HOZEN_ASSIGN_OR_RETURN(const bool more, ReadLine());
  if (!more) {
    return absl::DataLossError(Concat(Say("it lists less than the host signed: it ends after line ",
                                          "端末が署名した内容より少なく、次の行で終わっています: "),
                                      lines_));
  }
  const nlohmann::json line = nlohmann::json::parse(line_, nullptr, /*allow_exceptions=*/false);
  for (const auto& [name, value] : expected.items()) {
    const auto found = line.is_object() ? line.find(name) : line.end();
    const bool agrees = line.is_object() && (found == line.end() ? value.is_null() : *found == value);
    if (agrees) continue;
    return absl::DataLossError(
        Concat(Say("it says something else than the host signed in line ", "端末が署名した内容と異なります。行 "),
               lines_, ": ", name));
  }
  return absl::OkStatus();
}

absl::Status ListCheck::End() {
  HOZEN_ASSIGN_OR_RETURN(const bool more, ReadLine());
  if (!more) return absl::OkStatus();
  return absl::DataLossError(Concat(
      Say("it lists more than the host signed, from line ", "端末が署名した内容より多くなっています。行 "), lines_));
}

}  // namespace hozen
