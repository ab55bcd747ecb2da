#include "agent/platform/shadow_copies.h"

namespace hozen {

ShadowCopies ListShadowCopies(const std::function<bool()>& /*keep_on*/) {
  const absl::Status none = absl::UnimplementedError("only Windows has shadow copies");
  return {.copies = {}, .service = none, .devices = none};
}

}  // namespace hozen
