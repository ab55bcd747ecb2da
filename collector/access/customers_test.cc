#include "collector/access/customers.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>

#include "collector/access/caller.h"
#include "collector/catalog/sqlite_catalog.h"
#include "core/base/fake_clock.h"
#include "core/evidence/trust.h"

namespace hozen {
namespace {

class CustomersTest : public testing::Test {
 protected:
  CustomersTest() : folder_(FreshFolder()) {
    root_ = std::make_unique<CertificateAuthority>(
        CertificateAuthority::CreateRoot("root", clock_.Now() - absl::Hours(1), clock_.Now() + absl::Hours(9999))
            .value());
    catalog_ = OpenSqliteCatalog(folder_ + "/catalog").value();
    Open();
  }
  ~CustomersTest() override {
    customers_.reset();
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::string FreshFolder() {
    std::string folder = testing::TempDir() + "/customersXXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) std::abort();
    return folder;
  }

  void Open() {
    CustomersOptions options;
    options.folder = folder_ + "/customers";
    options.reserve_bytes = 0;
    std::filesystem::create_directories(options.folder);
    customers_.reset();
    customers_ = std::make_unique<Customers>(options, *root_, *catalog_, clock_);
  }

  // A host's row and its certificate.
  std::string AddHost(CustomerVault& vault, const std::string& id, const PrivateKey& key) {
    CertificateOptions options;
    options.common_name = id;
    options.uri = HostUri(vault.customer_id(), id);
    options.not_before = clock_.Now() - absl::Minutes(1);
    options.not_after = clock_.Now() + absl::Hours(24);
    const std::string pem = vault.host_ca().Issue(key.public_key(), options)->ToPem();
    HostRow row;
    row.host.set_host_id(id);
    row.public_key_der = key.public_key().ToDer();
    row.certificate_chain_pem = pem;
    EXPECT_EQ(catalog_->AddHost(vault.customer_id(), row), absl::OkStatus());
    return pem;
  }

  const std::string folder_;
  FakeClock clock_;
  std::unique_ptr<CertificateAuthority> root_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Customers> customers_;
};

TEST_F(CustomersTest, MakesACustomerThatIsThereAfterARestart) {
  const std::string id = customers_->Create("Acme").value()->customer_id();
  EXPECT_EQ(id.size(), 16u);
  const std::string key = customers_->Get(id).value()->custody_key().ToDer();
  Open();
  const auto vault = customers_->Get(id);
  ASSERT_EQ(vault.status(), absl::OkStatus());
  EXPECT_EQ((*vault)->custody_key().ToDer(), key);
  EXPECT_EQ((*vault)->host_ca().certificate().VerifySignedBy(root_->certificate()), absl::OkStatus());
  EXPECT_EQ(*vault, customers_->Get(id).value());
  for (const char* name : {"host_ca.key", "custody.key"}) {
    struct stat found {};
    ASSERT_EQ(::stat((folder_ + "/customers/" + id + "/" + name).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600u) << name;
  }
}

TEST_F(CustomersTest, RefusesANameThatIsTakenOrThatNobodyCanRead) {
  ASSERT_EQ(customers_->Create("Acme").status(), absl::OkStatus());
  EXPECT_EQ(customers_->Create("Acme").status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(customers_->Create("").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(customers_->Create("a\nb").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CustomersTest, KnowsNoCustomerWithoutARow) {
  std::filesystem::create_directories(folder_ + "/customers/0123456789abcdef");
  EXPECT_EQ(customers_->Get("0123456789abcdef").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(customers_->Get("../../etc").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(customers_->Get("").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(customers_->Create("Acme").status(), absl::OkStatus());
}

TEST_F(CustomersTest, IdentifiesAHostByItsCertificateAndItsKey) {
  CustomerVault& vault = *customers_->Create("Acme").value();
  const PrivateKey key = PrivateKey::Generate(KeyType::kEcdsaP256).value();
  const std::string pem = AddHost(vault, "00000000000000aa", key);
  const auto caller = IdentifyCaller(pem, *catalog_, clock_.Now());
  ASSERT_EQ(caller.status(), absl::OkStatus());
  EXPECT_EQ(caller->Actor(), "host:00000000000000aa");
  EXPECT_EQ(caller->customer_id, vault.customer_id());

  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyCaller(pem, *catalog_, clock_.Now() + absl::Hours(25)).status()));
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyCaller("", *catalog_, clock_.Now()).status()));
  // The same name with another key, and a name that is of another customer.
  const PrivateKey other = PrivateKey::Generate(KeyType::kEcdsaP256).value();
  CertificateOptions options;
  options.common_name = "00000000000000aa";
  options.uri = HostUri(vault.customer_id(), "00000000000000aa");
  options.not_before = clock_.Now();
  options.not_after = clock_.Now() + absl::Hours(1);
  const std::string forged = vault.host_ca().Issue(other.public_key(), options)->ToPem();
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyCaller(forged, *catalog_, clock_.Now()).status()));
  options.uri = HostUri(customers_->Create("Initech").value()->customer_id(), "00000000000000aa");
  const std::string stranger = vault.host_ca().Issue(key.public_key(), options)->ToPem();
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyCaller(stranger, *catalog_, clock_.Now()).status()));
}

TEST(Authorize, GivesEachRoleWhatItNeedsAndNoMore) {
  const auto may = [](Caller::Kind kind, const char* role, Action action) {
    Caller caller;
    caller.kind = kind;
    caller.role = role;
    return Authorize(caller, action).ok();
  };
  using Kind = Caller::Kind;
  EXPECT_TRUE(may(Kind::kHost, "", Action::kAgent));
  EXPECT_TRUE(may(Kind::kServiceAdmin, "", Action::kAddCustomer));
  for (const Action action : {Action::kAdminister, Action::kOrder, Action::kReadFleet, Action::kReadEvidence,
                              Action::kReadCustody, Action::kAddCustomer}) {
    EXPECT_FALSE(may(Kind::kHost, "", action));
    EXPECT_EQ(may(Kind::kServiceAdmin, "", action), action == Action::kAddCustomer);
  }
  struct Row {
    const char* role;
    bool administer, order, fleet, evidence, custody;
  };
  for (const Row& row :
       {Row{"admin", true, true, true, true, true}, Row{"responder", false, true, true, true, true},
        Row{"analyst", false, false, true, true, true}, Row{"approver", false, false, true, false, true},
        Row{"auditor", false, false, true, false, true}, Row{"root", false, false, false, false, false}}) {
    EXPECT_EQ(may(Kind::kOperator, row.role, Action::kAdminister), row.administer) << row.role;
    EXPECT_EQ(may(Kind::kOperator, row.role, Action::kOrder), row.order) << row.role;
    EXPECT_EQ(may(Kind::kOperator, row.role, Action::kReadFleet), row.fleet) << row.role;
    EXPECT_EQ(may(Kind::kOperator, row.role, Action::kReadEvidence), row.evidence) << row.role;
    EXPECT_EQ(may(Kind::kOperator, row.role, Action::kReadCustody), row.custody) << row.role;
    EXPECT_FALSE(may(Kind::kOperator, row.role, Action::kAgent)) << row.role;
    EXPECT_FALSE(may(Kind::kOperator, row.role, Action::kAddCustomer)) << row.role;
  }
}

}  // namespace
}  // namespace hozen
