#include "collector/service/stream_slots.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace hozen {
namespace {

TEST(StreamSlots, NoCustomerTakesAllAndPlacesComeBack) {
  StreamSlots slots({.streams = 3, .streams_for_customer = 2});
  std::vector<StreamSlots::Slot> of_acme;
  of_acme.push_back(slots.Enter("acme").value());
  of_acme.push_back(slots.Enter("acme").value());
  EXPECT_EQ(slots.Enter("acme").status().code(), absl::StatusCode::kUnavailable);
  std::optional<StreamSlots::Slot> of_globex = slots.Enter("globex").value();
  EXPECT_EQ(slots.Enter("globex").status().code(), absl::StatusCode::kUnavailable);
  of_acme.pop_back();
  EXPECT_TRUE(slots.Enter("globex").ok());
  of_globex.reset();
  of_acme.push_back(slots.Enter("acme").value());
  EXPECT_EQ(slots.Enter("acme").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace hozen
