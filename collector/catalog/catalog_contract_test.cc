// What every Catalog must do.
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "collector/catalog/catalog.h"
#include "collector/catalog/sqlite_catalog.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

struct Implementation {
  std::string name;
  std::function<std::unique_ptr<Catalog>()> make;
};

class CatalogContract : public ::testing::TestWithParam<Implementation> {
 protected:
  CatalogContract() : catalog_(GetParam().make()) {
    for (const char* customer : {"c1", "c2"}) {
      EXPECT_TRUE(catalog_->AddCustomer({.customer_id = customer, .name = std::string("name of ") + customer}).ok());
      EXPECT_TRUE(catalog_->AddHost(customer, Host("h1", "pc1", 100)).ok());
      EXPECT_TRUE(catalog_->AddHost(customer, Host("h2", "pc2", 200)).ok());
    }
  }

  static HostRow Host(const std::string& id, const std::string& name, int64_t enrolled) {
    HostRow row{.host = {}, .public_key_der = "key of " + id, .certificate_chain_pem = "chain of " + id};
    row.host.set_host_id(id);
    row.host.mutable_facts()->set_hostname(name);
    row.host.set_label("office");
    row.host.set_enrolled_unix_ns(enrolled);
    row.host.set_connected(true);
    return row;
  }
  static AcquisitionRow Acquisition(const std::string& id, const std::string& host, int64_t created) {
    AcquisitionRow row;
    row.acquisition.set_acquisition_id(id);
    row.acquisition.set_host_id(host);
    row.acquisition.set_plan_id("p1");
    row.acquisition.set_state(v1::Acquisition::STATE_WAITING);
    row.acquisition.set_created_unix_ns(created);
    row.plan.mutable_plan()->set_payload("the plan of " + id);
    return row;
  }
  static IndexedItem Item(uint64_t index, const std::string& path, const std::string& content,
                          v1::Item::State state = v1::Item::STATE_COMPLETE) {
    IndexedItem item;
    item.item.set_index(index);
    item.item.set_path(path);
    item.item.set_state(state);
    if (!content.empty()) item.item.set_sha256(std::string(Sha256::Of(content).bytes()));
    item.body_offset_bytes = 1000 + index;
    return item;
  }
  static AcquisitionRow Ended(AcquisitionRow row) {
    row.acquisition.set_state(v1::Acquisition::STATE_COMPLETE);
    row.manifest.set_payload_type("manifest");
    row.manifest.set_payload("manifest of " + row.acquisition.acquisition_id());
    row.host_chain_pem = "chain";
    row.custody_index = 7;
    return row;
  }
  void CommitItems(const std::string& customer, const AcquisitionRow& row, const std::vector<IndexedItem>& items) {
    ASSERT_TRUE(catalog_->AddAcquisitions(customer, {row}).ok());
    auto commit = catalog_->BeginCommit(customer, row.acquisition.acquisition_id());
    ASSERT_TRUE(commit.ok()) << commit.status();
    for (const IndexedItem& item : items) ASSERT_TRUE((*commit)->AddItem(item).ok());
    const absl::Status status = (*commit)->Finish(Ended(row));
    ASSERT_TRUE(status.ok()) << status;
  }
  std::vector<std::string> Paths(const std::string& customer, const ItemQuery& query) {
    std::vector<std::string> paths;
    const absl::Status status = catalog_->FindItems(customer, query, [&](const v1::ItemRow& row) {
      paths.push_back(row.item().path());
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return paths;
  }

  std::unique_ptr<Catalog> catalog_;
};

using Strings = std::vector<std::string>;

TEST_P(CatalogContract, ACustomerBecomesReadyOnce) {
  CustomerRow row = catalog_->GetCustomer("c1").value();
  EXPECT_FALSE(row.ready);
  row.authority_key_der = "authority";
  row.delegation.set_payload("delegation");
  ASSERT_TRUE(catalog_->FinishCustomer(row).ok());
  row = catalog_->GetCustomer("c1").value();
  EXPECT_TRUE(row.ready);
  EXPECT_EQ(row.authority_key_der, "authority");
  EXPECT_EQ(row.delegation.payload(), "delegation");
  EXPECT_EQ(row.name, "name of c1");
  EXPECT_TRUE(absl::IsFailedPrecondition(catalog_->FinishCustomer(row)));
  EXPECT_TRUE(absl::IsNotFound(catalog_->FinishCustomer({.customer_id = "nobody"})));
  EXPECT_TRUE(absl::IsAlreadyExists(catalog_->AddCustomer({.customer_id = "c3", .name = "name of c1"})));
  EXPECT_TRUE(absl::IsAlreadyExists(catalog_->AddCustomer({.customer_id = "c1", .name = "other"})));
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetCustomer("c3").status()));
  EXPECT_EQ(catalog_->ListCustomers().value().size(), 2u);
}

TEST_P(CatalogContract, OperatorsBelongToTheirCustomer) {
  OperatorRow row{.name = "alice", .role = "responder", .certificate = {}};
  row.certificate.set_payload("certificate");
  ASSERT_TRUE(catalog_->AddOperator("c1", row).ok());
  EXPECT_EQ(catalog_->GetOperator("c1", "alice").value().certificate.payload(), "certificate");
  EXPECT_EQ(catalog_->GetOperator("c1", "alice").value().role, "responder");
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetOperator("c2", "alice").status()));
  EXPECT_TRUE(absl::IsAlreadyExists(catalog_->AddOperator("c1", row)));
  EXPECT_TRUE(catalog_->AddOperator("c2", row).ok());
  EXPECT_TRUE(absl::IsNotFound(catalog_->AddOperator("nobody", row)));
}

TEST_P(CatalogContract, ATokenIsGoodForItsUsesAndItsTime) {
  const Digest secret = Sha256::Of("secret");
  ASSERT_TRUE(catalog_->AddToken("c1", secret, "office", 1000, 2).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(catalog_->UseToken(secret, 1000).status())) << "expired costs no use";
  EXPECT_EQ(catalog_->UseToken(secret, 999).value().customer_id, "c1");
  EXPECT_EQ(catalog_->UseToken(secret, 999).value().label, "office");
  const absl::Status used_up = catalog_->UseToken(secret, 999).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(used_up));
  EXPECT_NE(used_up.message().find("used up"), absl::string_view::npos);
  EXPECT_TRUE(absl::IsNotFound(catalog_->UseToken(Sha256::Of("other"), 1).status()));
  EXPECT_TRUE(absl::IsAlreadyExists(catalog_->AddToken("c2", secret, "", 1, 1)));
}

TEST_P(CatalogContract, ATokensUsesAreNotGivenTwiceToThreads) {
  const Digest secret = Sha256::Of("secret");
  ASSERT_TRUE(catalog_->AddToken("c1", secret, "", 1000, 10).ok());
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) taken += catalog_->UseToken(secret, 1).ok() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 10);
}

TEST_P(CatalogContract, HostsAreFoundByIdNameOrLabelNewestFirst) {
  auto ids = [&](std::string_view filter) {
    Strings found;
    const std::vector<v1::Host> hosts = catalog_->ListHosts("c1", filter).value();
    for (const v1::Host& host : hosts) found.push_back(host.host_id());
    return found;
  };
  EXPECT_EQ(ids(""), (Strings{"h2", "h1"}));
  EXPECT_EQ(ids("h1"), (Strings{"h1"}));
  EXPECT_EQ(ids("pc2"), (Strings{"h2"}));
  EXPECT_EQ(ids("office"), (Strings{"h2", "h1"}));
  EXPECT_EQ(ids("pc"), (Strings{}));
  EXPECT_EQ(ids("' OR 1=1 --"), (Strings{}));
  EXPECT_FALSE(catalog_->GetHost("c1", "h1").value().host.connected()) << "whether it is connected is not stored";
  EXPECT_TRUE(absl::IsAlreadyExists(catalog_->AddHost("c1", Host("h1", "new", 1))));
  HostRow same_key = Host("h3", "pc3", 1);
  same_key.public_key_der = "key of h1";
  EXPECT_TRUE(absl::IsAlreadyExists(catalog_->AddHost("c1", same_key)));
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetHost("c1", "h3").status()));
}

TEST_P(CatalogContract, AnUpdateOfAHostKeepsWhatEnrolmentSaid) {
  HostRow row = Host("h1", "renamed", 999);
  row.host.set_label("other");
  row.host.set_seen_unix_ns(5);
  row.public_key_der.clear();
  row.certificate_chain_pem = "renewed";
  ASSERT_TRUE(catalog_->UpdateHost("c1", row).ok());
  const HostRow stored = catalog_->GetHost("c1", "h1").value();
  EXPECT_EQ(stored.host.facts().hostname(), "renamed");
  EXPECT_EQ(stored.host.label(), "office");
  EXPECT_EQ(stored.host.enrolled_unix_ns(), 100);
  EXPECT_EQ(stored.host.seen_unix_ns(), 5);
  EXPECT_EQ(stored.public_key_der, "key of h1");
  EXPECT_EQ(stored.certificate_chain_pem, "renewed");
  EXPECT_EQ(catalog_->GetHost("c2", "h1").value().host.facts().hostname(), "pc1");
  EXPECT_EQ(catalog_->ListHosts("c1", "renamed").value().size(), 1u);
  EXPECT_TRUE(absl::IsNotFound(catalog_->UpdateHost("c1", Host("h9", "x", 1))));
}

TEST_P(CatalogContract, AcquisitionsOfAPlanAreAddedAllOrNone) {
  ASSERT_TRUE(catalog_->AddAcquisitions("c1", {Acquisition("a1", "h1", 10)}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(
      catalog_->AddAcquisitions("c1", {Acquisition("a2", "h2", 20), Acquisition("a1", "h1", 20)})));
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetAcquisition("c1", "a2").status()));
  EXPECT_TRUE(absl::IsNotFound(
      catalog_->AddAcquisitions("c1", {Acquisition("a2", "h2", 20), Acquisition("a3", "nobody", 20)})));
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetAcquisition("c1", "a2").status()));
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetAcquisition("c2", "a1").status()));
  const AcquisitionRow row = catalog_->GetAcquisition("c1", "a1").value();
  EXPECT_EQ(row.plan.plan().payload(), "the plan of a1");
  EXPECT_FALSE(row.custody_index.has_value());
}

TEST_P(CatalogContract, AcquisitionsAreListedNewestFirstAndOpenOnesOldestFirst) {
  ASSERT_TRUE(catalog_
                  ->AddAcquisitions("c1", {Acquisition("a1", "h1", 10), Acquisition("a2", "h1", 30),
                                           Acquisition("a3", "h2", 20), Acquisition("a4", "h1", 40)})
                  .ok());
  v1::Acquisition done = Acquisition("a2", "h1", 30).acquisition;
  done.set_state(v1::Acquisition::STATE_REFUSED);
  ASSERT_TRUE(catalog_->UpdateAcquisition("c1", done).ok());
  auto ids = [&](std::string_view host, uint32_t most) {
    Strings found;
    const std::vector<v1::Acquisition> listed = catalog_->ListAcquisitions("c1", host, "", most).value();
    for (const v1::Acquisition& a : listed) found.push_back(a.acquisition_id());
    return found;
  };
  EXPECT_EQ(ids("", 0), (Strings{"a4", "a2", "a3", "a1"}));
  EXPECT_EQ(ids("", 2), (Strings{"a4", "a2"}));
  EXPECT_EQ(ids("h2", 0), (Strings{"a3"}));
  Strings open;
  const std::vector<AcquisitionRow> rows = catalog_->OpenAcquisitions("c1", "h1").value();
  for (const AcquisitionRow& row : rows) open.push_back(row.acquisition.acquisition_id());
  EXPECT_EQ(open, (Strings{"a1", "a4"}));
  EXPECT_TRUE(catalog_->OpenAcquisitions("c2", "h1").value().empty());
  EXPECT_TRUE(catalog_->ListAcquisitions("c2", "", "", 0).value().empty());
}

// A hunt of hosts h1 and h2, of which the acquisitions are called a1 and a2.
HuntRow Hunt(const std::string& id = "hunt1") {
  HuntRow row;
  row.hunt.set_hunt_id(id);
  row.hunt.set_reason("IR-1");
  row.hunt.set_state(v1::Hunt::STATE_RUNNING);
  row.hunt.set_created_unix_ns(50);
  row.plan.mutable_plan()->set_payload("the plan of " + id);
  row.next_start_unix_ns = 60;
  return row;
}
const std::vector<HuntMember> kMembers = {{"h2", "pc2", "a2"}, {"h1", "pc1", "a1"}};

HuntStart StartOf(AcquisitionRow row, uint32_t attempt, int64_t now) {
  row.acquisition.set_hunt_id("hunt1");
  row.acquisition.set_attempt(attempt);
  return {.hunt_id = "hunt1", .row = std::move(row), .started_unix_ns = now, .next_start_unix_ns = now + 10};
}

TEST_P(CatalogContract, AHuntsPlanIsKeptOnceForAllOfItsHosts) {
  ASSERT_TRUE(catalog_->AddHunt("c1", Hunt(), kMembers).ok());
  EXPECT_TRUE(catalog_->ListAcquisitions("c1", "", "", 0).value().empty()) << "nobody has begun";
  ASSERT_TRUE(catalog_->StartHuntHost("c1", StartOf(Acquisition("a1", "h1", 70), 1, 70)).ok());
  const AcquisitionRow row = catalog_->GetAcquisition("c1", "a1").value();
  EXPECT_EQ(row.plan.plan().payload(), "the plan of hunt1");
  EXPECT_EQ(row.acquisition.hunt_id(), "hunt1");
  EXPECT_EQ(catalog_->OpenAcquisitions("c1", "h1").value().at(0).plan.plan().payload(), "the plan of hunt1");
  EXPECT_EQ(catalog_->GetHunt("c1", "hunt1").value().next_start_unix_ns, 80);
  EXPECT_EQ(catalog_->GetHunt("c1", "hunt1").value().plan.plan().payload(), "the plan of hunt1");
}

TEST_P(CatalogContract, AHuntIsAddedWholeOrNotAtAll) {
  EXPECT_TRUE(absl::IsNotFound(catalog_->AddHunt("c1", Hunt(), {{"h1", "pc1", "a1"}, {"h9", "pc9", "a9"}})));
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetHunt("c1", "hunt1").status()));
  ASSERT_TRUE(catalog_->AddAcquisitions("c1", {Acquisition("a1", "h1", 10)}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(catalog_->AddHunt("c1", Hunt(), kMembers))) << "one of it was ordered by itself";
  EXPECT_TRUE(catalog_->ListHuntHosts("c1", "hunt1").value().empty());
  EXPECT_TRUE(catalog_->AddHunt("c2", Hunt(), kMembers).ok()) << "another customer's have nothing to do with it";
  EXPECT_TRUE(absl::IsAlreadyExists(catalog_->AddHunt("c2", Hunt(), {})));
}

TEST_P(CatalogContract, AHostsStateInAHuntFollowsItsAcquisition) {
  ASSERT_TRUE(catalog_->AddHunt("c1", Hunt(), kMembers).ok());
  auto states = [&] {
    std::vector<v1::HuntHost::State> found;
    const std::vector<v1::HuntHost> hosts = catalog_->ListHuntHosts("c1", "hunt1").value();
    for (const v1::HuntHost& host : hosts) found.push_back(host.state());
    return found;
  };
  using S = v1::HuntHost;
  using States = std::vector<v1::HuntHost::State>;
  EXPECT_EQ(states(), (States{S::STATE_WAITING, S::STATE_WAITING}));
  AcquisitionRow row = Acquisition("a1", "h1", 70);
  ASSERT_TRUE(catalog_->StartHuntHost("c1", StartOf(row, 1, 70)).ok());
  EXPECT_EQ(states(), (States{S::STATE_WAITING, S::STATE_OFFERED})) << "in the plan's order";
  EXPECT_TRUE(absl::IsFailedPrecondition(catalog_->StartHuntHost("c1", StartOf(row, 1, 71)))) << "never twice";
  v1::Acquisition running = row.acquisition;
  running.set_state(v1::Acquisition::STATE_RUNNING);
  ASSERT_TRUE(catalog_->UpdateAcquisition("c1", running).ok());
  EXPECT_EQ(states(), (States{S::STATE_WAITING, S::STATE_RUNNING}));

  auto commit = catalog_->BeginCommit("c1", "a1");
  ASSERT_TRUE(commit.ok());
  AcquisitionRow ended = Ended(row);
  ended.acquisition.set_finished_unix_ns(90);
  ended.acquisition.mutable_progress()->set_read_bytes(1000);
  ended.acquisition.mutable_progress()->set_sent_bytes(300);
  ASSERT_TRUE((*commit)->Finish(ended).ok());
  const v1::HuntHost host = catalog_->GetHuntHost("c1", "a1").value();
  EXPECT_EQ(host.state(), S::STATE_COMPLETE);
  EXPECT_EQ(host.hostname(), "pc1");
  EXPECT_EQ(host.attempt(), 1u);
  EXPECT_EQ(host.started_unix_ns(), 70);
  EXPECT_EQ(host.ended_unix_ns(), 90);
  const v1::HuntTally tally = catalog_->GetHunt("c1", "hunt1").value().hunt.tally();
  EXPECT_EQ(tally.hosts(), 2u);
  EXPECT_EQ(tally.waiting(), 1u);
  EXPECT_EQ(tally.complete(), 1u);
  EXPECT_EQ(tally.stream_bytes(), 1000u);
  EXPECT_EQ(tally.sent_bytes(), 300u);
}

TEST_P(CatalogContract, AStoppedHuntStartsNobodyAndARetryBringsTheFailedBack) {
  ASSERT_TRUE(catalog_->AddHunt("c1", Hunt(), kMembers).ok());
  AcquisitionRow row = Acquisition("a1", "h1", 70);
  ASSERT_TRUE(catalog_->StartHuntHost("c1", StartOf(row, 1, 70)).ok());
  EXPECT_EQ(catalog_->RetryHunt("c1", "hunt1").value(), 0u);
  v1::Acquisition failed = row.acquisition;
  failed.set_state(v1::Acquisition::STATE_FAILED);
  failed.set_detail("because");
  failed.set_started_unix_ns(71);
  failed.set_cancel_requested(true);
  ASSERT_TRUE(catalog_->UpdateAcquisition("c1", failed).ok());
  EXPECT_EQ(catalog_->GetHuntHost("c1", "a1").value().detail(), "because");
  v1::Hunt hunt = Hunt().hunt;
  hunt.set_state(v1::Hunt::STATE_STOPPED);
  hunt.set_reason("another");
  hunt.set_ended_unix_ns(75);
  ASSERT_TRUE(catalog_->UpdateHunt("c1", hunt).ok());
  EXPECT_EQ(catalog_->GetHunt("c1", "hunt1").value().hunt.reason(), "IR-1") << "what it is stays";
  EXPECT_EQ(catalog_->GetHuntHost("c1", "a2").value().state(), v1::HuntHost::STATE_STOPPED);
  EXPECT_TRUE(absl::IsFailedPrecondition(catalog_->StartHuntHost("c1", StartOf(Acquisition("a2", "h2", 80), 1, 80))));

  EXPECT_EQ(catalog_->RetryHunt("c1", "hunt1").value(), 2u);
  EXPECT_EQ(catalog_->GetHunt("c1", "hunt1").value().hunt.state(), v1::Hunt::STATE_RUNNING);
  EXPECT_EQ(catalog_->GetHunt("c1", "hunt1").value().hunt.tally().waiting(), 2u);
  ASSERT_TRUE(catalog_->StartHuntHost("c1", StartOf(row, 2, 90)).ok());
  const v1::Acquisition again = catalog_->GetAcquisition("c1", "a1").value().acquisition;
  EXPECT_EQ(again.state(), v1::Acquisition::STATE_WAITING);
  EXPECT_EQ(again.attempt(), 2u);
  EXPECT_EQ(again.created_unix_ns(), 70);
  EXPECT_EQ(again.started_unix_ns(), 0);
  EXPECT_FALSE(again.cancel_requested());
  EXPECT_EQ(again.detail(), "");
  EXPECT_EQ(catalog_->GetHuntHost("c1", "a1").value().state(), v1::HuntHost::STATE_OFFERED);
}

TEST_P(CatalogContract, WhatWasTakenBackCountsOnlyWhereTheHostTookItUp) {
  ASSERT_TRUE(catalog_->AddHunt("c1", Hunt(), kMembers).ok());
  AcquisitionRow row = Acquisition("a1", "h1", 70);
  ASSERT_TRUE(catalog_->StartHuntHost("c1", StartOf(row, 1, 70)).ok());
  v1::Hunt hunt = Hunt().hunt;
  hunt.set_state(v1::Hunt::STATE_STOPPED);
  ASSERT_TRUE(catalog_->UpdateHunt("c1", hunt).ok());
  EXPECT_EQ(catalog_->OpenHunts("c1").value(), (Strings{"hunt1"})) << "a host may still take it up";
  ASSERT_TRUE(catalog_->WithdrawHuntHost("c1", "a1").ok());
  EXPECT_EQ(catalog_->GetHuntHost("c1", "a1").value().state(), v1::HuntHost::STATE_STOPPED);
  EXPECT_TRUE(catalog_->OpenHunts("c1").value().empty());
  v1::Acquisition running = row.acquisition;
  running.set_state(v1::Acquisition::STATE_RUNNING);
  ASSERT_TRUE(catalog_->UpdateAcquisition("c1", running).ok());
  EXPECT_EQ(catalog_->GetHuntHost("c1", "a1").value().state(), v1::HuntHost::STATE_RUNNING);
}

TEST_P(CatalogContract, HuntsAreListedNewestFirstAndBelongToTheirCustomer) {
  ASSERT_TRUE(catalog_->AddHunt("c1", Hunt(), kMembers).ok());
  HuntRow newer = Hunt("hunt2");
  newer.hunt.set_created_unix_ns(99);
  newer.hunt.set_state(v1::Hunt::STATE_COMPLETE);
  ASSERT_TRUE(catalog_->AddHunt("c1", newer, {{"h1", "pc1", "a9"}}).ok());
  const std::vector<v1::Hunt> hunts = catalog_->ListHunts("c1", 0).value();
  ASSERT_EQ(hunts.size(), 2u);
  EXPECT_EQ(hunts[0].hunt_id(), "hunt2");
  EXPECT_EQ(hunts[1].tally().hosts(), 2u);
  EXPECT_EQ(catalog_->ListHunts("c1", 1).value().size(), 1u);
  EXPECT_EQ(catalog_->OpenHunts("c1").value(), (Strings{"hunt1"}));
  EXPECT_TRUE(catalog_->ListHunts("c2", 0).value().empty());
  EXPECT_TRUE(catalog_->OpenHunts("c2").value().empty());
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetHunt("c2", "hunt1").status()));
  EXPECT_TRUE(catalog_->ListHuntHosts("c2", "hunt1").value().empty());
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetHuntHost("c2", "a1").status()));
  EXPECT_TRUE(absl::IsNotFound(catalog_->UpdateHunt("c2", Hunt().hunt)));
  EXPECT_TRUE(absl::IsNotFound(catalog_->RetryHunt("c2", "hunt1").status()));
  EXPECT_TRUE(absl::IsNotFound(catalog_->StartHuntHost("c2", StartOf(Acquisition("a1", "h1", 70), 1, 70))));
  ASSERT_TRUE(catalog_->StartHuntHost("c1", StartOf(Acquisition("a1", "h1", 70), 1, 70)).ok());
  ASSERT_TRUE(catalog_->AddAcquisitions("c1", {Acquisition("a7", "h1", 80)}).ok());
  const std::vector<v1::Acquisition> of_hunt = catalog_->ListAcquisitions("c1", "", "hunt1", 0).value();
  ASSERT_EQ(of_hunt.size(), 1u);
  EXPECT_EQ(of_hunt[0].acquisition_id(), "a1");
}

TEST_P(CatalogContract, AnUpdateOfAnAcquisitionKeepsWhatWasOrdered) {
  ASSERT_TRUE(catalog_->AddAcquisitions("c1", {Acquisition("a1", "h1", 10)}).ok());
  v1::Acquisition update;
  update.set_acquisition_id("a1");
  update.set_host_id("h2");
  update.set_state(v1::Acquisition::STATE_RUNNING);
  update.set_detail("going on");
  ASSERT_TRUE(catalog_->UpdateAcquisition("c1", update).ok());
  const AcquisitionRow row = catalog_->GetAcquisition("c1", "a1").value();
  EXPECT_EQ(row.acquisition.state(), v1::Acquisition::STATE_RUNNING);
  EXPECT_EQ(row.acquisition.detail(), "going on");
  EXPECT_EQ(row.acquisition.host_id(), "h1");
  EXPECT_EQ(row.acquisition.plan_id(), "p1");
  EXPECT_EQ(row.plan.plan().payload(), "the plan of a1");
  EXPECT_TRUE(absl::IsNotFound(catalog_->UpdateAcquisition("c2", update)));
}

TEST_P(CatalogContract, ACommitIsSeenWholeOrNotAtAll) {
  const AcquisitionRow row = Acquisition("a1", "h1", 10);
  ASSERT_TRUE(catalog_->AddAcquisitions("c1", {row}).ok());
  {
    auto commit = catalog_->BeginCommit("c1", "a1").value();
    ASSERT_TRUE(commit->AddItem(Item(0, "/taken/back", "x")).ok());
  }
  auto commit = catalog_->BeginCommit("c1", "a1").value();
  for (uint64_t i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(commit->AddItem(Item(i, "/file" + std::to_string(i), "x")).ok());
  }
  EXPECT_TRUE(absl::IsAlreadyExists(commit->AddItem(Item(5, "/again", "x"))));
  EXPECT_TRUE(Paths("c1", {.acquisition_id = "a1"}).empty());
  EXPECT_TRUE(absl::IsNotFound(catalog_->GetItem("c1", "a1", 0).status()));
  // Others write while it is under way.
  v1::Acquisition running = row.acquisition;
  running.set_state(v1::Acquisition::STATE_RUNNING);
  ASSERT_TRUE(catalog_->UpdateAcquisition("c1", running).ok());
  ASSERT_TRUE(commit->Finish(Ended(row)).ok());
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1"}).size(), 10'000u);
  const IndexedItem item = catalog_->GetItem("c1", "a1", 9'999).value();
  EXPECT_EQ(item.item.path(), "/file9999");
  EXPECT_EQ(item.body_offset_bytes, 10'999u);
  const AcquisitionRow ended = catalog_->GetAcquisition("c1", "a1").value();
  EXPECT_EQ(ended.acquisition.state(), v1::Acquisition::STATE_COMPLETE);
  EXPECT_EQ(ended.manifest.payload(), "manifest of a1");
  EXPECT_EQ(ended.host_chain_pem, "chain");
  EXPECT_EQ(ended.custody_index, 7u);
  EXPECT_EQ(ended.plan.plan().payload(), "the plan of a1");
}

TEST_P(CatalogContract, SaysWhichCommitsAreUnderWay) {
  ASSERT_TRUE(catalog_->AddAcquisitions("c1", {Acquisition("a1", "h1", 10)}).ok());
  EXPECT_EQ(catalog_->Commits().under_way, 0u);
  auto first = catalog_->BeginCommit("c1", "a1").value();
  auto second = catalog_->BeginCommit("c1", "a1").value();
  EXPECT_EQ(catalog_->Commits().under_way, 2u);
  EXPECT_FALSE(catalog_->BeginCommit("c1", "none").ok());
  first.reset();
  EXPECT_EQ(catalog_->Commits().under_way, 1u);
  ASSERT_TRUE(second->Finish(Ended(Acquisition("a1", "h1", 10))).ok());
  second.reset();
  EXPECT_EQ(catalog_->Commits().under_way, 0u);
  EXPECT_EQ(catalog_->Commits().begun, 2u);
}

TEST_P(CatalogContract, ACommittedAcquisitionStaysCommitted) {
  const AcquisitionRow row = Acquisition("a1", "h1", 10);
  CommitItems("c1", row, {Item(0, "/x", "x")});
  v1::Acquisition late = row.acquisition;
  late.set_state(v1::Acquisition::STATE_RUNNING);
  late.mutable_progress()->set_items(3);
  ASSERT_TRUE(catalog_->UpdateAcquisition("c1", late).ok());
  const AcquisitionRow stored = catalog_->GetAcquisition("c1", "a1").value();
  EXPECT_EQ(stored.acquisition.state(), v1::Acquisition::STATE_COMPLETE);
  EXPECT_EQ(stored.acquisition.progress().items(), 3u);
  auto again = catalog_->BeginCommit("c1", "a1").value();
  ASSERT_TRUE(again->AddItem(Item(1, "/y", "y")).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(again->Finish(Ended(row))));
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1"}), (Strings{"/x"}));
  EXPECT_TRUE(absl::IsNotFound(catalog_->BeginCommit("c2", "a1").status()));
  EXPECT_TRUE(absl::IsNotFound(catalog_->BeginCommit("c1", "a9").status()));
}

TEST_P(CatalogContract, ItemsAreFoundByEverythingThatCanBeAsked) {
  CommitItems("c1", Acquisition("a1", "h1", 10),
              {Item(0, "/etc/passwd", "p"), Item(1, "/etc/ssh/sshd_config", "s"), Item(2, "/var/log/auth.log", "l"),
               Item(3, "/etc/shadow", "", v1::Item::STATE_FAILED), Item(4, "C:\\Users\\x\\passwd", "p"),
               Item(5, "/raw/\xff\xfe[1]", "r", v1::Item::STATE_PARTIAL)});
  CommitItems("c1", Acquisition("a2", "h2", 20), {Item(0, "/etc/passwd", "p2")});
  CommitItems("c2", Acquisition("a1", "h1", 10), {Item(0, "/etc/passwd", "p")});
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1"}).size(), 6u);
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1"})[2], "/var/log/auth.log") << "in the order of the body";
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a2"}), (Strings{"/etc/passwd"}));
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1", .failed_only = true}), (Strings{"/etc/shadow", "/raw/\xff\xfe[1]"}));
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1", .path_glob = "/etc/*"}),
            (Strings{"/etc/passwd", "/etc/ssh/sshd_config", "/etc/shadow"}));
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1", .path_glob = "*pass*"}),
            (Strings{"/etc/passwd", "C:\\Users\\x\\passwd"}));
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1", .failed_only = true, .path_glob = "/raw/\xff*"}),
            (Strings{"/raw/\xff\xfe[1]"}));
  EXPECT_EQ(Paths("c1", {.acquisition_id = "a1", .most = 2}), (Strings{"/etc/passwd", "/etc/ssh/sshd_config"}));
  EXPECT_EQ(Paths("c2", {.acquisition_id = "a1"}), (Strings{"/etc/passwd"}));
  EXPECT_EQ(Paths("c2", {.acquisition_id = "a2"}), (Strings{}));
  EXPECT_EQ(Paths("nobody", {.acquisition_id = "a1"}), (Strings{}));
  EXPECT_TRUE(absl::IsInvalidArgument(
      catalog_->FindItems("c1", {}, [](const v1::ItemRow&) { return absl::InternalError("nobody asked for it"); })));
}

TEST_P(CatalogContract, ItemsComeInManyPages) {
  std::vector<IndexedItem> items;
  for (uint64_t i = 0; i < 1500; ++i) items.push_back(Item(i, "/same/name", "same"));
  CommitItems("c1", Acquisition("a1", "h1", 10), items);
  for (const char* glob : {"", "/same/*"}) {
    EXPECT_EQ(Paths("c1", {.acquisition_id = "a1", .path_glob = glob}).size(), 1500u);
    EXPECT_EQ(Paths("c1", {.acquisition_id = "a1", .path_glob = glob, .most = 700}).size(), 700u);
  }
}

TEST_P(CatalogContract, ItemsOfAnAcquisitionMayBeReadFromTheMiddle) {
  std::vector<IndexedItem> items;
  for (uint64_t i = 0; i < 600; ++i) items.push_back(Item(i, "/file" + std::to_string(i), "x"));
  CommitItems("c1", Acquisition("a1", "h1", 10), items);
  const Strings rest = Paths("c1", {.acquisition_id = "a1", .from_index = 250});
  ASSERT_EQ(rest.size(), 350u);
  EXPECT_EQ(rest.front(), "/file250");
  EXPECT_EQ(rest.back(), "/file599");
  EXPECT_TRUE(Paths("c1", {.acquisition_id = "a1", .from_index = 600}).empty());
}

TEST_P(CatalogContract, KnowsWhatIsCommitted) {
  EXPECT_EQ(catalog_->CommittedAcquisitions("c1").value(), Strings{});
  ASSERT_TRUE(catalog_->AddAcquisitions("c1", {Acquisition("a0", "h1", 5)}).ok());
  CommitItems("c1", Acquisition("a2", "h1", 10), {Item(0, "/x", "x")});
  CommitItems("c1", Acquisition("a1", "h2", 20), {});
  CommitItems("c2", Acquisition("a3", "h1", 10), {Item(0, "/x", "x")});
  EXPECT_EQ(catalog_->CommittedAcquisitions("c1").value(), (Strings{"a1", "a2"}));
  EXPECT_EQ(catalog_->CommittedAcquisitions("c2").value(), (Strings{"a3"}));
  EXPECT_EQ(catalog_->CommittedAcquisitions("nobody").value(), Strings{});
}

TEST_P(CatalogContract, WhoeverGetsRowsMayAskAndWriteAndStop) {
  CommitItems("c1", Acquisition("a1", "h1", 10), {Item(0, "/a", "a"), Item(1, "/b", "b")});
  int seen = 0;
  const absl::Status status =
      catalog_->FindItems("c1", {.acquisition_id = "a1"}, [&](const v1::ItemRow& row) -> absl::Status {
        ++seen;
        EXPECT_EQ(row.acquisition_id(), "a1");
        EXPECT_EQ(row.host_id(), "h1");
        EXPECT_EQ(row.hostname(), "pc1");
        EXPECT_TRUE(catalog_->GetItem("c1", "a1", 1).ok());
        EXPECT_TRUE(catalog_->UpdateHost("c1", Host("h2", "busy", 1)).ok());
        return absl::CancelledError("enough");
      });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(seen, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Catalogs, CatalogContract,
    ::testing::Values(Implementation{
        "Sqlite",
        [] {
          std::string folder = ::testing::TempDir() + "/catalog_XXXXXX";
          return OpenSqliteCatalog(std::filesystem::path(mkdtemp(folder.data())) / "catalog.db").value();
        }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace hozen
