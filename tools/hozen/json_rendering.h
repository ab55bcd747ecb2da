// The operators' messages as JSON for scripts. Enumerators are lower case without their prefix; times are RFC 3339 UTC
// and left out where unknown; digests are hexadecimal; `path` is printable text, with `path_base64` beside it where the
// bytes are not UTF-8 or hold control characters.
#ifndef HOZEN_TOOLS_HOZEN_JSON_RENDERING_H_
#define HOZEN_TOOLS_HOZEN_JSON_RENDERING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/json.h"
#include "proto/hozen/v1/operators.pb.h"
#include "proto/hozen/v1/search.pb.h"

namespace hozen {

// Indented, for one document; what is one of many is a line (JsonText).
std::string JsonDocument(const Json& json);

// "STATE_RUNNING" without "STATE_" -> "running".
std::string Enumerator(std::string_view name, std::string_view prefix);
// Printable; nothing where it is empty.
void AddText(std::string_view name, std::string_view text, Json& to);
void AddPath(std::string_view name, std::string_view bytes, Json& to);
void AddTime(std::string_view name, int64_t unix_ns, Json& to);

Json FailureJson(const v1::Failure& failure);
Json HostJson(const v1::Host& host);
Json ProgressJson(const v1::Progress& progress);
Json ManifestJson(const v1::Manifest& manifest);
Json AcquisitionJson(const v1::Acquisition& acquisition);
// A file on an acquired disk has "on_disk"; `index` is then that of the listing which tells of it.
Json ItemRowJson(const v1::ItemRow& row);
// What happened at a time, as letters: "m.c." for modified, accessed, changed, born.
std::string MacbText(const v1::TimelineEntry& entry);
Json TimelineEntryJson(const v1::TimelineEntry& entry);
// "kind": "left_out" tells it apart from what was found.
Json LeftOutJson(const v1::LeftOut& left_out);
// "allocated", "deleted", "reallocated".
std::string AllocationName(v1::OnDisk::Allocation allocation);
// "kind": "target" tells it apart from an item; `failure` only where the target was not carried out to its end.
Json TargetJson(const v1::TargetOutcome& outcome);
// "first_failed_targets" beside an acquisition's own members; nothing where there are none.
void AddFailedTargets(const std::vector<v1::TargetOutcome>& first, Json& to);
// `entry` is itself JSON where it parses, else printable text.
Json CustodyProofJson(const v1::CustodyProof& proof);

// "complete_with_failures", "not_found", "file".
std::string StateName(v1::Acquisition::State state);
std::string StateName(v1::Item::State state);
std::string KindName(v1::Item::Kind kind);
std::string CauseName(v1::Cause cause);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_JSON_RENDERING_H_
