// A collector's rooms in a temporary folder with one customer, and hosts that a test plays: real catalog and custody
// log, no network. For tests of this room.
#ifndef HOZEN_COLLECTOR_FLEET_TESTING_FLEET_H_
#define HOZEN_COLLECTOR_FLEET_TESTING_FLEET_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collector/catalog/sqlite_catalog.h"
#include "collector/fleet/fleet.h"
#include "core/base/fake_clock.h"

namespace hozen {

class TestingFleet : public testing::Test {
 protected:
  TestingFleet() : folder_(FreshFolder()) {
    root_ = std::make_unique<CertificateAuthority>(
        CertificateAuthority::CreateRoot("root", clock_.Now() - absl::Hours(1), clock_.Now() + absl::Hours(9999))
            .value());
    OpenAgain();
    vault_ = customers_->Create("Acme").value();
    customer_ = vault_->customer_id();
  }
  ~TestingFleet() override {
    Close();
    std::filesystem::remove_all(folder_);
  }

  // As a new process finds it.
  void OpenAgain() {
    Close();
    catalog_ = OpenSqliteCatalog(folder_ + "/catalog").value();
    CustomersOptions options;
    options.folder = folder_ + "/customers";
    options.reserve_bytes = 0;
    std::filesystem::create_directories(options.folder);
    customers_ = std::make_unique<Customers>(options, *root_, *catalog_, clock_);
    if (!customer_.empty()) vault_ = customers_->Get(customer_).value();
    fleet_ = std::make_unique<Fleet>(*customers_, *catalog_, clock_);
  }
  void Close() {
    sessions_.clear();
    fleet_.reset();
    customers_.reset();
    catalog_.reset();
  }

  const std::string& customer() const { return customer_; }

  void AddHost(const std::string& customer_id, const std::string& id) {
    HostRow row;
    row.host.set_host_id(id);
    row.host.mutable_facts()->set_hostname("name of " + id);
    row.public_key_der = id;
    row.certificate_chain_pem = "-";
    ASSERT_EQ(catalog_->AddHost(customer_id, row), absl::OkStatus());
  }
  void AddHost(const std::string& id) { AddHost(customer(), id); }

  // What the fleet sends to the host is kept in sent_.
  absl::StatusOr<uint64_t> Connect(const std::string& host, std::vector<std::string> under_way = {}) {
    v1::Hello hello;
    hello.mutable_facts()->set_hostname("name of " + host);
    for (std::string& id : under_way) hello.add_acquisition_ids(std::move(id));
    absl::StatusOr<uint64_t> session = fleet_->Connect(
        customer(), host, hello,
        [this, host](v1::CollectorMessage message) { sent_[host].push_back(std::move(message)); },
        [this] { ++replaced_; });
    if (session.ok()) sessions_[host] = *session;
    return session;
  }
  void Disconnect(const std::string& host) { fleet_->Disconnect(customer(), host, sessions_.at(host)); }

  // An event of the host's, with the detail "because".
  absl::Status Say(const std::string& host, const std::string& acquisition_id, v1::AcquisitionEvent::Kind kind,
                   uint32_t attempt = 0) {
    v1::AgentMessage message;
    message.mutable_event()->set_acquisition_id(acquisition_id);
    message.mutable_event()->set_kind(kind);
    message.mutable_event()->set_detail("because");
    message.mutable_event()->set_attempt(attempt);
    return fleet_->Receive(customer(), host, message);
  }

  // Those of the entries' kinds that stand in `of`, in order.
  std::vector<std::string> CustodyKinds(const std::vector<std::string>& of) {
    std::vector<std::string> kinds;
    for (uint64_t i = 0; i < vault_->custody().size(); ++i) {
      const std::string entry = vault_->custody().Entry(i).value();
      for (const std::string& kind : of) {
        if (entry.find("\"" + kind + "\"") != std::string::npos) kinds.push_back(kind);
      }
    }
    return kinds;
  }

  const std::string folder_;
  FakeClock clock_;
  std::unique_ptr<CertificateAuthority> root_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Customers> customers_;
  CustomerVault* vault_ = nullptr;
  std::unique_ptr<Fleet> fleet_;
  std::map<std::string, std::vector<v1::CollectorMessage>> sent_;
  std::map<std::string, uint64_t> sessions_;
  int replaced_ = 0;

 private:
  static std::string FreshFolder() {
    std::string folder = testing::TempDir() + "/fleetXXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) std::abort();
    return folder;
  }

  std::string customer_;
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_FLEET_TESTING_FLEET_H_
