// A manifest's body: what a reader hands on is well formed, however the body is cut into pieces.
#include <cstdlib>

#include "core/evidence/body.h"
#include "tests/fuzz/fuzz_target.h"

std::vector<std::string> HozenFuzzSeeds() {
  std::string body;
  hozen::v1::BodyRecord part;
  part.mutable_map_part()->set_item_index(0);
  *part.mutable_map_part()->add_extents() = hozen::ChunkExtent(hozen::Sha256::Of("a"), 1);
  *part.mutable_map_part()->add_extents() = hozen::ZerosExtent(4096);
  hozen::v1::BodyRecord item;
  item.mutable_item()->set_kind(hozen::v1::Item::KIND_FILE);
  item.mutable_item()->set_state(hozen::v1::Item::STATE_COMPLETE);
  item.mutable_item()->set_path("/etc/passwd");
  item.mutable_item()->set_has_stream(true);
  item.mutable_item()->set_size_bytes(4098);
  item.mutable_item()->set_zero_bytes(4096);
  item.mutable_item()->set_sha256(std::string(32, 'x'));
  *item.mutable_item()->add_extents() = hozen::ChunkExtent(hozen::Sha256::Of("b"), 1);
  hozen::v1::BodyRecord outcome;
  outcome.mutable_target_outcome()->set_pattern("/etc/**");
  for (const auto* record : {&part, &item, &outcome}) {
    if (!hozen::AppendRecord(*record, body).ok()) std::abort();
  }
  return {body};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto items_of = [&bytes](size_t piece) {
    uint64_t items = 0;
    hozen::BodyReader reader({
        .on_extents =
            [](uint64_t, const hozen::ExtentList& extents) {
              for (const auto& extent : extents) {
                if (!hozen::CheckExtent(extent).ok()) std::abort();
              }
              return absl::OkStatus();
            },
        .on_item =
            [&items](uint64_t, const hozen::v1::Item& item) {
              if (item.index() != items++ || item.extents_size() != 0) std::abort();
              return absl::OkStatus();
            },
        .on_target = {},
    });
    for (size_t at = 0; at < bytes.size(); at += piece) {
      if (!reader.Feed(bytes.substr(at, piece)).ok()) return std::make_pair(items, false);
    }
    return std::make_pair(items, reader.Finish().ok());
  };
  if (items_of(1) != items_of(bytes.size() + 1)) std::abort();
  return 0;
}
