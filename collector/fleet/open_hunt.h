// A hunt whose hosts may begin: what is known of each of them, and how one begins.
#ifndef HOZEN_COLLECTOR_FLEET_OPEN_HUNT_H_
#define HOZEN_COLLECTOR_FLEET_OPEN_HUNT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/fleet/fleet.h"
#include "collector/fleet/hunt_schedule.h"
#include "core/base/clock.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/hunt.pb.h"

namespace hozen {

// Borrowed: all must outlive every hunt.
struct HuntSurroundings {
  Customers& customers;
  Catalog& catalog;
  Fleet& fleet;
  const Clock& clock;
};

// Thread-compatible. Of the size of its list of hosts; its plan is held once. The catalog holds all that counts, so
// nothing is lost with it.
class OpenHunt {
 public:
  // As the catalog and the fleet have it now.
  static absl::StatusOr<std::unique_ptr<OpenHunt>> Load(const HuntSurroundings& around, std::string_view customer_id,
                                                        std::string_view hunt_id);

  const v1::Hunt& hunt() const { return hunt_; }

  // Asks the fleet or the catalog what is true of it; nothing where it is not of this hunt.
  void NoteHost(std::string_view host_id);
  void NoteAcquisition(std::string_view acquisition_id);

  // As HuntSchedule::Next, with the bytes that hosts at work have sent so far where they are limited.
  HuntSchedule::Turn NextTurn();
  // Offers the plan to the host. Custody, then the catalog, then the host: a crash in between leaves at worst an entry
  // for what did not take effect, and the host waits as before. After an error the host is not next any more, unless
  // the disk is to blame.
  absl::Status StartHost(size_t index);

  // What only the fleet knows: who is away, and the bytes of hosts at work.
  void AddWhatTheFleetKnows(v1::HuntTally& tally) const;

 private:
  OpenHunt(const HuntSurroundings& around, std::string_view customer_id, const HuntRow& row, const v1::Plan& plan,
           std::vector<v1::HuntHost> hosts);

  const HuntSurroundings around_;
  const std::string customer_id_;
  const v1::Hunt hunt_;
  AcquisitionRow common_;  // what all of its acquisitions begin as
  const Digest plan_digest_;
  HuntSchedule schedule_;
  std::vector<v1::HuntHost> hosts_;  // ids, names and attempts
  std::unordered_map<std::string, size_t> by_host_;
  std::unordered_map<std::string, size_t> by_acquisition_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_OPEN_HUNT_H_
