// Which hosts are connected, and where every acquisition stands: between the agents' sessions on one side and the
// responders on the other. Knows no gRPC.
#ifndef HOZEN_COLLECTOR_FLEET_FLEET_H_
#define HOZEN_COLLECTOR_FLEET_FLEET_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "core/base/clock.h"
#include "proto/hozen/v1/agent_control.pb.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

// Thread-safe.
class Fleet {
 public:
  // All must outlive it.
  Fleet(Customers& customers, Catalog& catalog, const Clock& clock);

  // --- what a session does ---
  using Send = std::function<void(v1::CollectorMessage)>;  // queues; must not block
  // A host has connected and said hello. Sends Welcome and its open acquisitions. A session that the host had before is
  // told to end through `on_replaced`. Returns the session's number.
  absl::StatusOr<uint64_t> Connect(std::string_view customer_id, std::string_view host_id, const v1::Hello& hello,
                                   Send send, std::function<void()> on_replaced);
  void Disconnect(std::string_view customer_id, std::string_view host_id, uint64_t session);
  // Heartbeats, progress, events.
  absl::Status Receive(std::string_view customer_id, std::string_view host_id, const v1::AgentMessage& message);

  // --- what ingest does ---
  // NotFound unless the acquisition is this host's and still open.
  absl::Status CheckUpload(std::string_view customer_id, std::string_view host_id, std::string_view acquisition_id);
  // Wakes whoever watches: the catalog says that it is committed.
  void Committed(std::string_view customer_id, std::string_view acquisition_id);

  // --- what responders do ---
  // Records a verified plan, one acquisition per host, in catalog and custody, and sends it to those connected.
  absl::StatusOr<std::vector<v1::Acquisition>> Submit(std::string_view customer_id, std::string_view operator_name,
                                                      const v1::SignedPlan& signed_plan, const v1::Plan& plan);
  absl::Status Cancel(std::string_view customer_id, std::string_view operator_name, std::string_view acquisition_id);
  // The catalog's row with the newest progress. Waiting ones past their deadline become EXPIRED here.
  absl::StatusOr<v1::Acquisition> Current(std::string_view customer_id, std::string_view acquisition_id);
  // Waits until the acquisition changes after `seen_version` (0: does not wait) or `timeout` is over; returns it and
  // its version.
  absl::StatusOr<std::pair<v1::Acquisition, uint64_t>> Watch(std::string_view customer_id,
                                                             std::string_view acquisition_id, uint64_t seen_version,
                                                             absl::Duration timeout);
  bool IsConnected(std::string_view customer_id, std::string_view host_id) const;

  // True once nothing more will happen to it.
  static bool HasEnded(v1::Acquisition::State state);

 private:
  struct Session {
    uint64_t number;
    Send send;
    std::function<void()> on_replaced;
  };
  using Key = std::pair<std::string, std::string>;  // customer, host or acquisition

  Customers& customers_;
  Catalog& catalog_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  uint64_t next_session_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<Key, Session> sessions_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, v1::Progress> progress_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, uint64_t> versions_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_FLEET_H_
