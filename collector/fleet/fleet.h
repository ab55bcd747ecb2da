// Which hosts are connected, and where every acquisition stands: between the agents' sessions on one side and the
// responders on the other. Knows no gRPC.
#ifndef HOZEN_COLLECTOR_FLEET_FLEET_H_
#define HOZEN_COLLECTOR_FLEET_FLEET_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Who wants to know at once what happens in the fleet. Called on the threads of sessions, outside of all locks of the
// fleet: must not block and must not call the fleet. What it is told may be out of date by then; the fleet and the
// catalog say what is true.
class FleetWatcher {
 public:
  virtual ~FleetWatcher() = default;
  // It has connected or gone.
  virtual void OnHost(std::string_view customer_id, std::string_view host_id) = 0;
  // Its row has changed.
  virtual void OnAcquisition(std::string_view customer_id, std::string_view acquisition_id) = 0;
};

// Thread-safe.
class Fleet {
 public:
  // All must outlive it.
  Fleet(Customers& customers, Catalog& catalog, const Clock& clock);
  // How often agents are asked to say that they are there, in whole seconds. Before the first session; else 30 seconds.
  void SetHeartbeatInterval(absl::Duration interval) { heartbeat_interval_ = interval; }

  // Before the first session and call. `watcher` must outlive them; null for nobody.
  void SetWatcher(FleetWatcher* watcher) { watcher_ = watcher; }

  // --- what a session does ---
  // Queues; must not block, must not call the fleet, and may be called until Disconnect has returned and shortly after.
  using Send = std::function<void(v1::CollectorMessage)>;
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
  // NotFound unless the acquisition is this host's, whatever its state.
  absl::Status CheckOwner(std::string_view customer_id, std::string_view host_id, std::string_view acquisition_id);
  // Keeps everybody else from changing the acquisition's row, or finishing it, while `action` runs. `action` must not
  // call the fleet. Its status is returned.
  absl::Status WhileUnchanged(std::string_view customer_id, std::string_view acquisition_id,
                              const std::function<absl::Status()>& action);
  // Wakes whoever watches: the catalog says that it is committed.
  void Committed(std::string_view customer_id, std::string_view acquisition_id);

  // --- what responders do ---
  // Records a verified plan, one acquisition per host, in catalog and custody, and sends it to those connected.
  absl::StatusOr<std::vector<v1::Acquisition>> Submit(std::string_view customer_id, std::string_view operator_name,
                                                      const v1::SignedPlan& signed_plan, const v1::Plan& plan);
  // `actor` is as custody events name it.
  absl::Status Cancel(std::string_view customer_id, std::string_view actor, std::string_view acquisition_id);
  // The acquisition, which the catalog has as waiting, goes to its host where that is connected; else when it comes.
  void Offer(std::string_view customer_id, const AcquisitionRow& row);
  // What the host said last, since this process started and while it is under way.
  std::optional<v1::Progress> LiveProgress(std::string_view customer_id, std::string_view acquisition_id) const;
  // The catalog's row with the newest progress. Waiting ones past their deadline become EXPIRED here.
  absl::StatusOr<v1::Acquisition> Current(std::string_view customer_id, std::string_view acquisition_id);
  // Waits until the acquisition changes after `seen_version` (0: does not wait) or `timeout` is over; returns it and
  // its version.
  absl::StatusOr<std::pair<v1::Acquisition, uint64_t>> Watch(std::string_view customer_id,
                                                             std::string_view acquisition_id, uint64_t seen_version,
                                                             absl::Duration timeout);
  bool IsConnected(std::string_view customer_id, std::string_view host_id) const;

  // --- what enrolment does ---
  // Reads a host's row, lets `change` change it and writes it back, as one step. NotFound where there is no such host.
  absl::Status ChangeHost(std::string_view customer_id, std::string_view host_id,
                          const std::function<absl::Status(HostRow&)>& change);

  // True once nothing more will happen to it.
  static bool HasEnded(v1::Acquisition::State state);

 private:
  struct Session {
    uint64_t number = 0;
    Send send;
    std::function<void()> on_replaced;
    absl::Time saved_at;  // when what it reports was last written to the catalog
  };
  // What is known of an acquisition beyond its row, since this process started.
  struct Live {
    std::string host_id;  // empty: not looked up
    std::optional<v1::Progress> progress;
    uint64_t version = 1;
    uint32_t resumptions = 0;
  };
  using Key = std::pair<std::string, std::string>;  // customer, host or acquisition
  // True: the row was changed and is to be written.
  using Change = std::function<absl::StatusOr<bool>(AcquisitionRow&)>;

  static Key MakeKey(std::string_view customer_id, std::string_view id);
  absl::Mutex& RowMutex(const Key& key);

  absl::StatusOr<AcquisitionRow> ChangeAcquisition(const Key& key, const Change& change);
  // As ChangeAcquisition, for what a host says: NotFound where the acquisition is not its own.
  absl::StatusOr<AcquisitionRow> ChangeForHost(const Key& key, std::string_view host_id, const Change& change);
  void Bump(const Key& key);
  // Queues for the host; false where it is not connected.
  bool SendTo(const Key& host, v1::CollectorMessage message);
  void SendTasks(const Key& host, const v1::Hello& hello, const std::vector<AcquisitionRow>& open, const Send& send);
  absl::StatusOr<bool> TakeUp(const Key& host, AcquisitionRow& row);
  absl::StatusOr<AcquisitionRow> ExpireIfOverdue(const Key& key, AcquisitionRow row);

  absl::Status OnHeartbeat(const Key& host, const v1::Heartbeat& heartbeat);
  absl::Status OnProgress(const Key& host, const v1::Progress& progress);
  absl::Status OnEvent(const Key& host, const v1::AcquisitionEvent& event);
  absl::StatusOr<bool> ApplyEvent(const Key& host, const v1::AcquisitionEvent& event, AcquisitionRow& row);
  absl::Status Record(const Key& host, std::string_view kind, const AcquisitionRow& row, std::string_view detail);

  Customers& customers_;
  Catalog& catalog_;
  const Clock& clock_;
  absl::Duration heartbeat_interval_ = absl::Seconds(30);
  FleetWatcher* watcher_ = nullptr;
  // One step of reading, changing and writing a row at a time; a row's mutex is chosen by its key. Taken before mutex_.
  std::array<absl::Mutex, 256> row_mutexes_;
  mutable absl::Mutex mutex_;
  uint64_t next_session_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<Key, Session> sessions_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, Live> live_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_FLEET_H_
