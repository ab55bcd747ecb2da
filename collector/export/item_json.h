// Items and targets as JSON objects: what a bundle tells people and tools about them. Members: docs/formats/bundle.md.
#ifndef HOZEN_COLLECTOR_EXPORT_ITEM_JSON_H_
#define HOZEN_COLLECTOR_EXPORT_ITEM_JSON_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json/json.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// RFC 3339, UTC.
std::string TimeText(int64_t unix_ns);
// "symbolic_link", "partial": names in the schema without their prefix, in lower case.
std::string ItemKindName(v1::Item::Kind kind);
std::string ItemStateName(v1::Item::State state);
// "IO_ERROR": the name in the schema without its prefix.
std::string CauseName(v1::Cause cause);
// With its end.
std::string JsonLine(const Json& json);

// A line of items.jsonl. `entry` is empty for an item without a stream.
Json ItemJson(const v1::Item& item, std::string_view entry);
// A line of targets.jsonl.
Json TargetJson(const v1::TargetOutcome& outcome);
// A line of uploads.json.
Json UploadJson(const v1::Item& item, std::string_view entry);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_ITEM_JSON_H_
