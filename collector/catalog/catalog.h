// The index: who belongs to whom, what was ordered, and every item of every acquisition. Evidence itself is not here;
// the catalog can be lost without losing a byte of it.
//
// Every call but those on customers and tokens takes the customer's id and sees nothing of another's.
#ifndef HOZEN_COLLECTOR_CATALOG_CATALOG_H_
#define HOZEN_COLLECTOR_CATALOG_CATALOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/crypto/sha256.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/hunt.pb.h"
#include "proto/hozen/v1/operators.pb.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

struct CustomerRow {
  std::string customer_id;
  std::string name;
  bool ready = false;             // its authority has signed the delegation
  std::string authority_key_der;  // once ready
  v1::Envelope delegation;
};

struct OperatorRow {
  std::string name;
  std::string role;
  v1::Envelope certificate;
};

struct TokenUse {
  std::string customer_id;
  std::string label;
};

struct HostRow {
  v1::Host host;  // `connected` is not stored
  std::string public_key_der;
  std::string certificate_chain_pem;
};

struct AcquisitionRow {
  v1::Acquisition acquisition;
  v1::SignedPlan plan;
  v1::Envelope manifest;                  // once committed
  std::string host_chain_pem;             // as it was when the manifest was committed
  std::optional<uint64_t> custody_index;  // of the entry "acquisition.committed"
};

struct HuntRow {
  v1::Hunt hunt;  // `tally` is counted, not stored, and does not say who is away
  v1::SignedPlan plan;
  int64_t next_start_unix_ns = 0;  // no host may begin before
};

// A host of a hunt as the plan names it.
struct HuntMember {
  std::string host_id;
  std::string hostname;
  std::string acquisition_id;
};

// A host of a hunt begins, or begins again.
struct HuntStart {
  std::string hunt_id;
  AcquisitionRow row;  // of the first attempt; its `attempt` says which one this is
  int64_t started_unix_ns = 0;
  int64_t next_start_unix_ns = 0;  // of the hunt, from now on
};

// An item to be indexed, and where its records stand in the manifest's body.
struct IndexedItem {
  v1::Item item;  // without extents
  uint64_t body_offset_bytes = 0;
};

// Over several acquisitions, the search index is asked (collector/search).
struct ItemQuery {
  std::string acquisition_id;
  bool failed_only = false;
  std::string path_glob;    // MatchesLoosely; empty for all
  uint64_t most = 0;        // 0 = no bound
  uint64_t from_index = 0;  // the first index of interest
};

// What commits are doing: who has no hurry makes room for them.
struct CommitActivity {
  uint64_t under_way = 0;
  uint64_t begun = 0;  // since the catalog was opened
};

// Implementations are thread-safe. NotFound = no such row for this customer, AlreadyExists = a name or key taken twice,
// ResourceExhausted = no room on the disk.
class Catalog {
 public:
  virtual ~Catalog() = default;

  virtual absl::Status AddCustomer(const CustomerRow& customer) = 0;
  virtual absl::Status FinishCustomer(const CustomerRow& customer) = 0;  // FailedPrecondition where it is ready
  virtual absl::StatusOr<CustomerRow> GetCustomer(std::string_view customer_id) = 0;
  virtual absl::StatusOr<std::vector<CustomerRow>> ListCustomers() = 0;

  virtual absl::Status AddOperator(std::string_view customer_id, const OperatorRow& row) = 0;
  virtual absl::StatusOr<OperatorRow> GetOperator(std::string_view customer_id, std::string_view name) = 0;

  virtual absl::Status AddToken(std::string_view customer_id, const Digest& secret_sha256, std::string_view label,
                                int64_t expires_unix_ns, uint32_t uses) = 0;
  // Takes one use, atomically. NotFound for an unknown token; FailedPrecondition, saying which, for one that is expired
  // or used up.
  virtual absl::StatusOr<TokenUse> UseToken(const Digest& secret_sha256, int64_t now_unix_ns) = 0;

  virtual absl::Status AddHost(std::string_view customer_id, const HostRow& row) = 0;
  virtual absl::StatusOr<HostRow> GetHost(std::string_view customer_id, std::string_view host_id) = 0;
  // By id, name or label; all for an empty filter. Newest enrolment first.
  virtual absl::StatusOr<std::vector<v1::Host>> ListHosts(std::string_view customer_id, std::string_view filter) = 0;
  // Replaces what the agent reports and its certificate; enrolment data stay, and so do a key and a chain given empty.
  virtual absl::Status UpdateHost(std::string_view customer_id, const HostRow& row) = 0;

  // All rows or none. AlreadyExists where the plan was submitted before, NotFound where a host is not enrolled.
  virtual absl::Status AddAcquisitions(std::string_view customer_id, const std::vector<AcquisitionRow>& rows) = 0;
  virtual absl::StatusOr<AcquisitionRow> GetAcquisition(std::string_view customer_id,
                                                        std::string_view acquisition_id) = 0;
  // Newest first; of one host, of one hunt, or of all where these are empty.
  virtual absl::StatusOr<std::vector<v1::Acquisition>> ListAcquisitions(std::string_view customer_id,
                                                                        std::string_view host_id,
                                                                        std::string_view hunt_id, uint32_t most) = 0;
  // The ids of those that have a manifest, ascending: what there are items of.
  virtual absl::StatusOr<std::vector<std::string>> CommittedAcquisitions(std::string_view customer_id) = 0;
  // Waiting and running ones of a host: what it is told when it connects.
  virtual absl::StatusOr<std::vector<AcquisitionRow>> OpenAcquisitions(std::string_view customer_id,
                                                                       std::string_view host_id) = 0;
  // Replaces acquisition (state, progress, times, detail); plan and identity stay. Of one that is committed only the
  // progress is replaced: a report that comes late must not open it again.
  virtual absl::Status UpdateAcquisition(std::string_view customer_id, const v1::Acquisition& acquisition) = 0;

  // All or nothing. AlreadyExists where a hunt or an acquisition of this plan is there, NotFound where a host is not
  // enrolled.
  virtual absl::Status AddHunt(std::string_view customer_id, const HuntRow& row,
                               const std::vector<HuntMember>& members) = 0;
  virtual absl::StatusOr<HuntRow> GetHunt(std::string_view customer_id, std::string_view hunt_id) = 0;
  virtual absl::StatusOr<std::vector<v1::Hunt>> ListHunts(std::string_view customer_id, uint32_t most) = 0;
  // The ids of hunts that run, and of stopped ones with hosts that were offered the plan and have not answered.
  virtual absl::StatusOr<std::vector<std::string>> OpenHunts(std::string_view customer_id) = 0;
  // Replaces the hunt's state, detail and end; what it is stays.
  virtual absl::Status UpdateHunt(std::string_view customer_id, const v1::Hunt& hunt) = 0;
  // As the acquisitions have them by now, without what only the fleet knows. In the plan's order.
  virtual absl::StatusOr<std::vector<v1::HuntHost>> ListHuntHosts(std::string_view customer_id,
                                                                  std::string_view hunt_id) = 0;
  virtual absl::StatusOr<v1::HuntHost> GetHuntHost(std::string_view customer_id, std::string_view acquisition_id) = 0;
  // The acquisition and the host's place in the hunt, as one step. FailedPrecondition where the hunt does not run or
  // the host does not wait, AlreadyExists where its acquisition is committed.
  virtual absl::Status StartHuntHost(std::string_view customer_id, const HuntStart& start) = 0;
  // The host was offered the plan and shall not have it any more, unless it has taken it up.
  virtual absl::Status WithdrawHuntHost(std::string_view customer_id, std::string_view acquisition_id) = 0;
  // Lets failed, expired and stopped hosts wait again, and the hunt run. Returns how many hosts; changes nothing where
  // there are none.
  virtual absl::StatusOr<uint32_t> RetryHunt(std::string_view customer_id, std::string_view hunt_id) = 0;

  // Ends an acquisition: manifest, items and final state in one transaction, in pieces of bounded memory. The catalog
  // must outlive it.
  class Commit {
   public:
    virtual ~Commit() = default;
    virtual absl::Status AddItem(const IndexedItem& item) = 0;
    // Nothing of it is seen before. Without it, destruction takes everything back. AlreadyExists where the acquisition
    // was committed before.
    virtual absl::Status Finish(const AcquisitionRow& row) = 0;
  };
  virtual absl::StatusOr<std::unique_ptr<Commit>> BeginCommit(std::string_view customer_id,
                                                              std::string_view acquisition_id) = 0;
  // A commit is under way as long as its object lives. Never waits.
  virtual CommitActivity Commits() const = 0;

  // In the order of their indexes. InvalidArgument without an acquisition's id; an unknown one has no items.
  virtual absl::Status FindItems(std::string_view customer_id, const ItemQuery& query,
                                 const std::function<absl::Status(const v1::ItemRow&)>& on_row) = 0;
  virtual absl::StatusOr<IndexedItem> GetItem(std::string_view customer_id, std::string_view acquisition_id,
                                              uint64_t index) = 0;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_CATALOG_CATALOG_H_
