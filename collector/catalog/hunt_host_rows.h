// The hosts of hunts as rows. A host's place in a hunt and what became of its acquisition stand in one row, which every
// change of the acquisition changes in the same transaction: neither a crash nor a question finds them apart.
#ifndef HOZEN_COLLECTOR_CATALOG_HUNT_HOST_ROWS_H_
#define HOZEN_COLLECTOR_CATALOG_HUNT_HOST_ROWS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "collector/catalog/catalog.h"
#include "collector/store/sqlite.h"

namespace hozen {

// Where a host stands in its hunt. Numbers of the format.
enum class HuntPlace : int64_t {
  kWaiting = 1,    // for this attempt to begin, whatever became of the one before
  kStarted = 2,    // what its acquisition is says the rest
  kWithdrawn = 3,  // offered and taken back; counts only where the host took it up all the same
};

// The one rule that makes a host's state of where it stands, its acquisition and its hunt.
v1::HuntHost::State HuntHostState(HuntPlace place, v1::Acquisition::State acquisition, v1::Hunt::State hunt);

// Each call is one statement on the connection given, within the caller's transaction where he has begun one.

// What the acquisition has become, in its host's row. Does nothing where it belongs to no hunt.
absl::Status NoteInHunt(SqliteConnection& connection, std::string_view customer_id, const v1::Acquisition& acquisition);
absl::StatusOr<v1::SignedPlan> SelectHuntPlan(SqliteConnection& connection, std::string_view customer_id,
                                              std::string_view hunt_id);
absl::Status InsertHuntMember(SqliteConnection& connection, std::string_view customer_id, std::string_view hunt_id,
                              int64_t index, const HuntMember& member);
absl::StatusOr<std::vector<v1::HuntHost>> SelectHuntHosts(SqliteConnection& connection, std::string_view customer_id,
                                                          std::string_view hunt_id);
absl::StatusOr<v1::HuntHost> SelectHuntHost(SqliteConnection& connection, std::string_view customer_id,
                                            std::string_view acquisition_id);
absl::StatusOr<v1::HuntTally> CountHuntHosts(SqliteConnection& connection, std::string_view customer_id,
                                             const v1::Hunt& hunt);
absl::Status WithdrawHostOfHunt(SqliteConnection& connection, std::string_view customer_id,
                                std::string_view acquisition_id);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_HUNT_HOST_ROWS_H_
