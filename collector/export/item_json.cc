#include "collector/export/item_json.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/evidence/bundle.h"

namespace hozen {
namespace {

void AddTime(Json& json, const char* name, int64_t unix_ns) {
  if (unix_ns != 0) json[name] = TimeText(unix_ns);
}

void AddFailure(Json& json, const v1::Failure& failure) {
  json["cause"] = CauseName(failure.cause());
  json["detail"] = Printable(failure.detail());
}

void AddFile(Json& json, const v1::FileMetadata& file) {
  json["mode"] = absl::StrFormat("%o", file.mode());
  json["uid"] = file.uid();
  json["gid"] = file.gid();
  AddTime(json, "modified", file.modified_unix_ns());
  AddTime(json, "accessed", file.accessed_unix_ns());
  AddTime(json, "changed", file.changed_unix_ns());
  AddTime(json, "born", file.born_unix_ns());
  AddTime(json, "name_modified", file.name_modified_unix_ns());
  AddTime(json, "name_accessed", file.name_accessed_unix_ns());
  AddTime(json, "name_changed", file.name_changed_unix_ns());
  AddTime(json, "name_born", file.name_born_unix_ns());
  if (!file.link_target().empty()) json["link_target"] = Printable(file.link_target());
}

Json Components(std::string_view entry) {
  Json parts = Json::array();
  while (true) {
    const size_t slash = entry.find('/');
    const std::string_view escaped = entry.substr(0, slash);
    const std::string part = UnescapeEntryPart(escaped);
    parts.push_back(IsValidUtf8(part) ? part : std::string(escaped));
    if (slash == std::string_view::npos) return parts;
    entry.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string TimeText(int64_t unix_ns) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixNanos(unix_ns), absl::UTCTimeZone());
}

std::string ItemKindName(v1::Item::Kind kind) {
  return absl::AsciiStrToLower(absl::StripPrefix(v1::Item::Kind_Name(kind), "KIND_"));
}

std::string ItemStateName(v1::Item::State state) {
  return absl::AsciiStrToLower(absl::StripPrefix(v1::Item::State_Name(state), "STATE_"));
}

std::string CauseName(v1::Cause cause) {
  // A newer agent may know causes that we do not.
  if (!v1::Cause_IsValid(cause)) return Concat("CAUSE_", static_cast<int>(cause));
  return std::string(absl::StripPrefix(v1::Cause_Name(cause), "CAUSE_"));
}

std::string JsonLine(const Json& json) { return JsonText(json) + '\n'; }

Json ItemJson(const v1::Item& item, std::string_view entry) {
  Json json;
  json["index"] = item.index();
  json["kind"] = ItemKindName(item.kind());
  json["state"] = ItemStateName(item.state());
  json["path"] = Printable(item.path());
  if (!item.artifact().empty()) json["artifact"] = item.artifact();
  if (item.has_stream()) {
    json["size_bytes"] = item.size_bytes();
    json["sha256"] = absl::BytesToHexString(item.sha256());
    json["entry"] = entry;
    json["zero_bytes"] = item.zero_bytes();
    json["unreadable_bytes"] = item.unreadable_bytes();
    if (item.not_acquired_bytes() != 0) json["not_acquired_bytes"] = item.not_acquired_bytes();
  }
  if (item.has_failure()) AddFailure(json, item.failure());
  if (item.has_command()) {
    json["command"] = Printable(item.command().command());
    json["exit_status"] = item.command().exit_status();
  }
  if (item.access() != v1::ACCESS_UNSPECIFIED) {
    json["access"] = absl::AsciiStrToLower(absl::StripPrefix(v1::Access_Name(item.access()), "ACCESS_"));
  }
  if (item.allocation() != v1::ALLOCATION_UNSPECIFIED) {
    json["allocation"] =
        absl::AsciiStrToLower(absl::StripPrefix(v1::Allocation_Name(item.allocation()), "ALLOCATION_"));
  }
  if (item.hidden()) json["hidden"] = true;
  if (item.attribute().skipped_bytes() != 0) json["skipped_bytes"] = item.attribute().skipped_bytes();
  if (item.has_file()) AddFile(json, item.file());
  return json;
}

Json TargetJson(const v1::TargetOutcome& outcome) {
  Json json;
  json["target_index"] = outcome.target_index();
  if (!outcome.artifact().empty()) json["artifact"] = Printable(outcome.artifact());
  json["pattern"] = Printable(outcome.pattern());
  json["matched_items"] = outcome.matched_items();
  if (outcome.has_failure()) AddFailure(json, outcome.failure());
  return json;
}

Json UploadJson(const v1::Item& item, std::string_view entry) {
  Json json;
  json["Timestamp"] = TimeText(item.finished_unix_ns());
  json["started"] = TimeText(item.started_unix_ns());
  json["vfs_path"] = Printable(item.path());
  json["_Components"] = Components(entry);
  json["file_size"] = item.has_file() && item.file().size_bytes() > 0 ? item.file().size_bytes() : item.size_bytes();
  json["uploaded_size"] = item.size_bytes();
  json["Type"] = "";
  json["sha256"] = absl::BytesToHexString(item.sha256());
  json["item_index"] = item.index();
  return json;
}

}  // namespace hozen
