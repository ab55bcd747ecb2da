#include "core/plan/state_kinds.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "core/base/concat.h"

namespace hozen {

using Kind = v1::Target::VolatileState::Kind;

std::string StateKindName(Kind kind) {
  if (kind == v1::Target::VolatileState::KIND_UNSPECIFIED || !v1::Target::VolatileState::Kind_IsValid(kind)) return "";
  return absl::AsciiStrToLower(absl::StripPrefix(v1::Target::VolatileState::Kind_Name(kind), "KIND_"));
}

Kind StateKindOf(std::string_view name) {
  for (int kind = v1::Target::VolatileState::Kind_MIN; kind <= v1::Target::VolatileState::Kind_MAX; ++kind) {
    const std::string known = StateKindName(static_cast<Kind>(kind));
    if (!known.empty() && known == name) return static_cast<Kind>(kind);
  }
  return v1::Target::VolatileState::KIND_UNSPECIFIED;
}

std::string StateItemPath(Kind kind) { return Concat("volatile/", StateKindName(kind), ".jsonl"); }

}  // namespace hozen
