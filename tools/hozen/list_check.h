// Whether the lists in a bundle that people and programs read (items.jsonl, targets.jsonl, uploads.json) say what the
// body that the host signed says. Nobody signed the lists themselves.
#ifndef HOZEN_TOOLS_HOZEN_LIST_CHECK_H_
#define HOZEN_TOOLS_HOZEN_LIST_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// What a line of each list must say at least. A member that is null there must be absent from the line.
nlohmann::json ExpectedItemLine(const v1::Item& item, std::string_view entry);
nlohmann::json ExpectedTargetLine(const v1::TargetOutcome& outcome);
nlohmann::json ExpectedUploadLine(const v1::Item& item);

// Follows a list line by line. Thread-compatible; holds one line, which is bounded.
class ListCheck {
 public:
  // Gives the next bytes of the list; 0 at its end.
  using Read = std::function<absl::StatusOr<size_t>(char* buffer, size_t size)>;
  explicit ListCheck(Read read) : read_(std::move(read)) {}

  // The next line says this. DataLoss, naming the line and the member, where it does not.
  absl::Status Next(const nlohmann::json& expected);
  // There is no further line.
  absl::Status End();

 private:
  absl::StatusOr<bool> ReadLine();

  const Read read_;
  std::string pending_;
  size_t begin_ = 0;  // of what was not yet given
  std::string line_;
  uint64_t lines_ = 0;
  bool at_end_ = false;
};

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_LIST_CHECK_H_
