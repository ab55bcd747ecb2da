// Ends an acquisition: from the host's signed manifest to a receipt under the customer's custody log. Knows no gRPC.
#ifndef HOZEN_COLLECTOR_INGEST_COMMITTER_H_
#define HOZEN_COLLECTOR_INGEST_COMMITTER_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "collector/access/caller.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/fleet/fleet.h"
#include "core/base/clock.h"
#include "proto/hozen/v1/evidence.pb.h"

namespace hozen {

// Thread-safe.
class Committer {
 public:
  // All must outlive it. So many commits go on at one time, of one host only some of them; more are told to try again.
  // `on_committed` is told of each customer that something was committed for, on the thread of the commit: it must not
  // take long.
  using OnCommitted = std::function<void(std::string_view customer_id)>;
  Committer(Customers& customers, Catalog& catalog, Fleet& fleet, const Clock& clock, OnCommitted on_committed = {},
            size_t at_once = 8);

  // Believes nothing of the manifest before it has seen it: the host's signature, that it is of this acquisition and
  // plan, that the store has every chunk of it. Then custody and catalog have it for good. The same manifest again
  // gives a receipt for the same entry. NotFound for an unknown acquisition, or naming the first chunk that is missing;
  // DataLoss for a wrong signature or digest; InvalidArgument where the manifest contradicts its body or its order;
  // AlreadyExists where the acquisition was committed with another manifest; Unavailable or ResourceExhausted where it
  // may be tried again.
  absl::StatusOr<v1::Receipt> Commit(const Caller& host, const v1::Envelope& envelope);

 private:
  // What is known of the manifest once it may be believed.
  struct Accepted {
    v1::Manifest manifest;
    std::string host_chain_pem;
  };

  absl::StatusOr<Accepted> Accept(const Caller& host, const CustomerVault& vault, const v1::Envelope& envelope);
  absl::StatusOr<uint64_t> CommitNow(const Caller& host, CustomerVault& vault, const v1::Envelope& envelope,
                                     const Accepted& accepted);
  absl::Status Enter(const Caller& host, const std::string& acquisition_id);
  absl::StatusOr<std::unique_ptr<Catalog::Commit>> Index(const Caller& host, CustomerVault& vault,
                                                         const v1::Manifest& manifest);
  absl::StatusOr<uint64_t> LogAndFinish(const Caller& host, CustomerVault& vault, const v1::Envelope& envelope,
                                        const Accepted& accepted, Catalog::Commit& commit);

  Customers& customers_;
  Catalog& catalog_;
  Fleet& fleet_;
  const Clock& clock_;
  const OnCommitted on_committed_;
  const size_t at_once_;
  absl::Mutex mutex_;
  // Customer and acquisition -> host.
  std::map<std::pair<std::string, std::string>, std::string> under_way_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_INGEST_COMMITTER_H_
