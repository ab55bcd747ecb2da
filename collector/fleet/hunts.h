// Hunts under way: lets their hosts begin one after the other, sees when a limit is reached, and stops them. The
// catalog holds everything that counts, so a process that dies anywhere is continued by the next. Knows no gRPC.
#ifndef HOZEN_COLLECTOR_FLEET_HUNTS_H_
#define HOZEN_COLLECTOR_FLEET_HUNTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/fleet/fleet.h"
#include "collector/fleet/hunt_schedule.h"
#include "collector/fleet/open_hunt.h"
#include "core/base/clock.h"
#include "proto/hozen/v1/hunt.pb.h"

namespace hozen {

// Thread-safe. Statuses as the catalog's and the custody log's unless said.
class Hunts : public FleetWatcher {
 public:
  // All must outlive it. Make it the fleet's watcher.
  Hunts(Customers& customers, Catalog& catalog, Fleet& fleet, const Clock& clock);
  ~Hunts() override;

  // Takes up what an earlier process left, of all customers. Once, before the first session and call.
  absl::Status Resume();
  // From now on a thread does what RunDue does, when it is due.
  void Start();

  // A verified plan becomes a hunt over all hosts that it names. AlreadyExists where the plan was submitted before,
  // NotFound where a host is not the customer's.
  absl::StatusOr<v1::Hunt> Begin(std::string_view customer_id, std::string_view operator_name,
                                 const v1::SignedPlan& signed_plan, const v1::Plan& plan, const v1::HuntLimits& limits,
                                 std::string_view selection);
  // Failed, expired and stopped hosts wait again. FailedPrecondition where there are none or the deadline has passed.
  absl::StatusOr<v1::RetryHuntResponse> Retry(std::string_view customer_id, std::string_view operator_name,
                                              std::string_view hunt_id);
  // No further host begins; those that have not answered yet are told not to. FailedPrecondition where the hunt has
  // ended, unless hosts at work are to be cancelled.
  absl::StatusOr<v1::StopHuntResponse> Stop(std::string_view customer_id, std::string_view operator_name,
                                            std::string_view hunt_id, bool cancel_running);

  // With the newest that the fleet knows.
  absl::StatusOr<v1::Hunt> Current(std::string_view customer_id, std::string_view hunt_id);
  absl::StatusOr<std::vector<v1::Hunt>> List(std::string_view customer_id, uint32_t most);
  absl::StatusOr<std::vector<v1::HuntHost>> Hosts(std::string_view customer_id, std::string_view hunt_id);

  // Does all that is due and returns when to look again, unless something happens before.
  absl::Time RunDue();

  void OnHost(std::string_view customer_id, std::string_view host_id) override;
  void OnAcquisition(std::string_view customer_id, std::string_view acquisition_id) override;

 private:
  using Key = std::pair<std::string, std::string>;  // customer, and hunt, host or acquisition

  absl::Status Take(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakeNews() ABSL_LOCKS_EXCLUDED(mutex_);
  // Calls with each hunt of the customer that is open.
  void ForEachOpen(const std::string& customer_id, const std::function<void(OpenHunt&)>& call)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // One turn of a hunt. True where another may be due at once.
  absl::StatusOr<bool> TakeTurn(const Key& key, absl::Time& look_again) ABSL_LOCKS_EXCLUDED(mutex_);
  // Durable before anybody is told; afterwards the hunt is not open any more.
  absl::Status End(const Key& key, v1::Hunt hunt, const HuntSchedule::Ending& ending, std::string_view actor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What the hunt's hosts have not answered is taken back; with `cancel_running` also what they have. Returns how many
  // hosts at work were asked to end.
  absl::StatusOr<uint32_t> CallBack(const Key& key, std::string_view actor, bool cancel_running)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Record(std::string_view customer_id, std::string_view kind, std::string_view actor,
                      std::vector<std::pair<std::string, std::string>> details);
  void AddWhatTheFleetKnows(std::string_view customer_id, v1::Hunt& hunt);
  void Work();
  bool IsStopping() ABSL_LOCKS_EXCLUDED(news_mutex_);

  const HuntSurroundings around_;

  absl::Mutex mutex_;  // held while a host begins or a hunt ends; never by those who bring news
  std::map<Key, std::unique_ptr<OpenHunt>> open_ ABSL_GUARDED_BY(mutex_);

  absl::Mutex news_mutex_;
  std::set<Key> hosts_news_ ABSL_GUARDED_BY(news_mutex_);  // a set: however often, it is looked at once
  std::set<Key> acquisitions_news_ ABSL_GUARDED_BY(news_mutex_);
  bool poked_ ABSL_GUARDED_BY(news_mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(news_mutex_) = false;
  std::thread thread_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_HUNTS_H_
