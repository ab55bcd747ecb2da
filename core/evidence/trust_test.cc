#include "core/evidence/trust.h"

#include <random>
#include <string>
#include <vector>

#include "core/crypto/envelope.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/map.h"
#include "core/evidence/merkle.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;
constexpr absl::StatusCode kInvalidArgument = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kPermissionDenied = absl::StatusCode::kPermissionDenied;

PrivateKey NewKey(KeyType type = KeyType::kEd25519) { return *PrivateKey::Generate(type); }

absl::Time Begin() { return absl::FromUnixSeconds(1'700'000'000); }
absl::Time End() { return Begin() + absl::Hours(24); }

CertificateAuthority NewAuthority() { return *CertificateAuthority::CreateRoot("hosts of acme", Begin(), End()); }

class TrustTest : public ::testing::Test {
 protected:
  TrustTest() {
    delegation_.set_format_version(1);
    delegation_.set_customer_id("acme");
    delegation_.set_customer_name("Acme");
    delegation_.set_host_ca_public_key(host_ca_.certificate().public_key()->ToDer());
    delegation_.set_custody_log_key(*log_key_.public_key().ToRawEd25519());
    delegation_.set_custody_log_origin("hozen.example/acme");
  }

  std::string Chain(const CertificateAuthority& authority, const std::string& uri) const {
    CertificateOptions options;
    options.common_name = "host";
    options.uri = uri;
    options.not_before = Begin();
    options.not_after = End();
    absl::StatusOr<Certificate> leaf = authority.Issue(host_key_.public_key(), options);
    EXPECT_TRUE(leaf.ok()) << leaf.status();
    return leaf->ToPem() + authority.certificate().ToPem();
  }

  v1::Manifest NewManifest() const {
    v1::Manifest manifest;
    manifest.set_format_version(1);
    manifest.set_acquisition_id("0123456789abcdef");
    manifest.set_customer_id("acme");
    manifest.set_host_id("h1");
    manifest.set_plan_sha256(std::string(Sha256::Of("plan").bytes()));
    manifest.set_body_sha256(std::string(Sha256::Of("body").bytes()));
    manifest.set_body_size_bytes(4);
    *manifest.add_body_extents() = ChunkExtent(Sha256::Of("body"), 4);
    return manifest;
  }

  HostIdentity Host() const { return {"acme", "h1", host_key_.public_key()}; }

  v1::CustodyProof NewProof(const std::string& entry = "{\"b\":2}") const {
    const std::vector<std::string> entries = {"{\"a\":1}", entry, "{\"c\":3}"};
    const SubtreeHash subtree = [&](int level, uint64_t index) -> absl::StatusOr<Digest> {
      if (level == 0) return LeafHash(entries[index]);
      return NodeHash(LeafHash(entries[0]), LeafHash(entries[1]));
    };
    v1::CustodyProof proof;
    proof.set_leaf_index(1);
    proof.set_entry(entries[1]);
    proof.set_tree_size(3);
    const std::vector<Digest> path = *InclusionPath(1, 3, subtree);
    for (const Digest& hash : path) proof.add_inclusion_path(std::string(hash.bytes()));
    proof.set_checkpoint(*SignCheckpoint({delegation_.custody_log_origin(), 3, *RootHash(3, subtree)}, log_key_));
    return proof;
  }

  PrivateKey authority_ = NewKey(KeyType::kEcdsaP256);
  PrivateKey host_key_ = NewKey(KeyType::kEcdsaP256);
  PrivateKey log_key_ = NewKey();
  CertificateAuthority host_ca_ = NewAuthority();
  v1::Delegation delegation_;
};

TEST_F(TrustTest, TheWholeChainHolds) {
  const v1::Envelope envelope = *SignDelegation(delegation_, authority_);
  absl::StatusOr<v1::Delegation> delegation = VerifyDelegation(envelope, authority_.public_key());
  ASSERT_TRUE(delegation.ok()) << delegation.status();
  absl::StatusOr<HostIdentity> host = VerifyHostChain(Chain(host_ca_, HostUri("acme", "h1")), *delegation);
  ASSERT_TRUE(host.ok()) << host.status();
  EXPECT_EQ(host->customer_id, "acme");
  EXPECT_EQ(host->host_id, "h1");
  absl::StatusOr<v1::Manifest> manifest = VerifyManifest(*SignManifest(NewManifest(), host_key_), *host);
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->SerializeAsString(), NewManifest().SerializeAsString());
  EXPECT_TRUE(VerifyCustodyProof(NewProof(), *delegation).ok()) << VerifyCustodyProof(NewProof(), *delegation);
}

TEST_F(TrustTest, ADelegationByAnotherIsRefused) {
  EXPECT_EQ(VerifyDelegation(*SignDelegation(delegation_, NewKey()), authority_.public_key()).status().code(),
            kDataLoss);
  const v1::Envelope other = *SignEnvelope(kManifestType, delegation_.SerializeAsString(), authority_);
  EXPECT_EQ(VerifyDelegation(other, authority_.public_key()).status().code(), kInvalidArgument);
}

TEST_F(TrustTest, AMalformedDelegationIsRefused) {
  const v1::Delegation good = delegation_;
  const auto expect_bad = [&](const v1::Delegation& bad) {
    EXPECT_EQ(SignDelegation(bad, authority_).status().code(), kInvalidArgument);
    const v1::Envelope envelope = *SignEnvelope(kDelegationType, bad.SerializeAsString(), authority_);
    EXPECT_EQ(VerifyDelegation(envelope, authority_.public_key()).status().code(), kInvalidArgument);
  };
  v1::Delegation bad = good;
  bad.set_format_version(2);
  expect_bad(bad);
  bad = good;
  bad.clear_customer_id();
  expect_bad(bad);
  bad = good;
  bad.set_host_ca_public_key("no key");
  expect_bad(bad);
  bad = good;
  bad.set_custody_log_key("short");
  expect_bad(bad);
  bad = good;
  bad.clear_custody_log_origin();
  expect_bad(bad);
}

TEST_F(TrustTest, HostsOfOthersAreRefused) {
  const auto code = [&](const std::string& chain) { return VerifyHostChain(chain, delegation_).status().code(); };
  EXPECT_EQ(code(Chain(NewAuthority(), HostUri("acme", "h1"))), kPermissionDenied);
  EXPECT_EQ(code(Chain(host_ca_, HostUri("other", "h1"))), kPermissionDenied);
  EXPECT_EQ(code(Chain(host_ca_, OperatorUri("acme", "h1"))), kPermissionDenied);
  EXPECT_EQ(code(Chain(host_ca_, ServiceAdminUri("h1"))), kPermissionDenied);
  EXPECT_EQ(code(Chain(host_ca_, "")), kPermissionDenied);
}

TEST_F(TrustTest, AnAuthorityThatDidNotSignTheLeafDoesNotVouchForIt) {
  const std::string foreign = Chain(NewAuthority(), HostUri("acme", "h1"));
  const std::string leaf = Certificate::FromPem(foreign)->ToPem();
  EXPECT_EQ(VerifyHostChain(leaf + host_ca_.certificate().ToPem(), delegation_).status().code(), kDataLoss);
}

TEST_F(TrustTest, AChainHasTwoCertificates) {
  const std::string leaf = Certificate::FromPem(Chain(host_ca_, HostUri("acme", "h1")))->ToPem();
  EXPECT_EQ(VerifyHostChain(leaf, delegation_).status().code(), kInvalidArgument);
  EXPECT_EQ(VerifyHostChain("", delegation_).status().code(), kInvalidArgument);
  EXPECT_FALSE(VerifyHostChain(host_ca_.certificate().ToPem() + host_ca_.certificate().ToPem(), delegation_).ok());
}

TEST_F(TrustTest, ExpiredCertificatesStillSpeakForOldEvidence) {
  ASSERT_LT(End(), absl::Now());
  EXPECT_TRUE(VerifyHostChain(Chain(host_ca_, HostUri("acme", "h1")), delegation_).ok());
}

TEST_F(TrustTest, ManifestsByOthersAreRefused) {
  EXPECT_EQ(VerifyManifest(*SignManifest(NewManifest(), NewKey()), Host()).status().code(), kDataLoss);
  HostIdentity host = Host();
  host.host_id = "h2";
  EXPECT_EQ(VerifyManifest(*SignManifest(NewManifest(), host_key_), host).status().code(), kInvalidArgument);
  host = Host();
  host.customer_id = "other";
  EXPECT_EQ(VerifyManifest(*SignManifest(NewManifest(), host_key_), host).status().code(), kInvalidArgument);
}

TEST_F(TrustTest, MalformedManifestsAreRefused) {
  const auto expect_bad = [&](const v1::Manifest& bad) {
    EXPECT_EQ(SignManifest(bad, host_key_).status().code(), kInvalidArgument);
    const v1::Envelope envelope = *SignEnvelope(kManifestType, bad.SerializeAsString(), host_key_);
    EXPECT_EQ(VerifyManifest(envelope, Host()).status().code(), kInvalidArgument);
  };
  v1::Manifest bad = NewManifest();
  bad.set_format_version(7);
  expect_bad(bad);
  bad = NewManifest();
  bad.clear_acquisition_id();
  expect_bad(bad);
  bad = NewManifest();
  bad.set_body_sha256("short");
  expect_bad(bad);
  bad = NewManifest();
  bad.clear_plan_sha256();
  expect_bad(bad);
  bad = NewManifest();
  bad.set_body_size_bytes(5);
  expect_bad(bad);
  bad = NewManifest();
  bad.mutable_body_extents(0)->set_size_bytes(0);
  expect_bad(bad);
  bad = NewManifest();
  *bad.mutable_body_extents(0) = NotAcquiredExtent(4);
  expect_bad(bad);
}

TEST_F(TrustTest, ProofsOfOtherThingsDoNotHold) {
  const auto expect_bad = [&](const v1::CustodyProof& proof) {
    EXPECT_EQ(VerifyCustodyProof(proof, delegation_).code(), kDataLoss);
  };
  EXPECT_TRUE(VerifyCustodyProof(NewProof(std::string(65'535, 'x')), delegation_).ok());
  expect_bad(NewProof(std::string(65'536, 'x')));
  expect_bad(NewProof(""));
  v1::CustodyProof proof = NewProof();
  proof.set_entry("{\"b\":3}");
  expect_bad(proof);
  proof = NewProof();
  proof.set_leaf_index(0);
  expect_bad(proof);
  proof = NewProof();
  proof.set_tree_size(4);
  expect_bad(proof);
  proof = NewProof();
  proof.mutable_inclusion_path(0)->back() ^= 1;
  expect_bad(proof);
  proof = NewProof();
  proof.mutable_inclusion_path(0)->pop_back();
  expect_bad(proof);
  proof = NewProof();
  proof.clear_inclusion_path();
  expect_bad(proof);
  proof = NewProof();
  proof.clear_checkpoint();
  expect_bad(proof);
  proof = NewProof();
  delegation_.set_custody_log_key(*NewKey().public_key().ToRawEd25519());
  expect_bad(proof);
  delegation_.set_custody_log_key(*log_key_.public_key().ToRawEd25519());
  delegation_.set_custody_log_origin("hozen.example/other");
  expect_bad(proof);
}

TEST_F(TrustTest, MutatedEnvelopesNeverCrashAndNeverSayAnythingElse) {
  const std::string good = SignManifest(NewManifest(), host_key_)->SerializeAsString();
  std::mt19937 random(9);
  for (int i = 0; i < 2'000; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << (random() % 8));
    v1::Envelope envelope;
    if (!envelope.ParseFromString(bytes)) continue;
    absl::StatusOr<v1::Manifest> manifest = VerifyManifest(envelope, Host());
    if (manifest.ok()) {
      EXPECT_EQ(manifest->SerializeAsString(), NewManifest().SerializeAsString());
    }
  }
}

TEST(SubjectOfUriTest, TheWayBackFromEachKind) {
  std::optional<Subject> subject = SubjectOfUri(HostUri("acme", "h1"));
  ASSERT_TRUE(subject.has_value());
  EXPECT_EQ(subject->kind, Subject::Kind::kHost);
  EXPECT_EQ(subject->customer_id, "acme");
  EXPECT_EQ(subject->name, "h1");
  subject = SubjectOfUri(OperatorUri("acme", "alice@example.org/\xe4\xbf\x9d\xe5\x85\xa8"));
  ASSERT_TRUE(subject.has_value());
  EXPECT_EQ(subject->kind, Subject::Kind::kOperator);
  EXPECT_EQ(subject->name, "alice@example.org/\xe4\xbf\x9d\xe5\x85\xa8");
  subject = SubjectOfUri(ServiceAdminUri("root"));
  ASSERT_TRUE(subject.has_value());
  EXPECT_EQ(subject->kind, Subject::Kind::kServiceAdmin);
  EXPECT_EQ(subject->customer_id, "");
  EXPECT_EQ(HostUri("acme", "h1"), "hozen://acme/host/h1");
  EXPECT_EQ(OperatorUri("acme", "a b"), "hozen://acme/operator/a%20b");
  EXPECT_EQ(ServiceAdminUri("root"), "hozen://service/admin/root");
}

TEST(SubjectOfUriTest, NobodyElseIsAnybody) {
  for (const char* uri :
       {"", "hozen://", "hozen://acme", "hozen://acme/host", "hozen://acme/host/", "hozen:///host/x",
        "hozen://acme/host/x/y", "hozen://acme/admin/x", "hozen://service/host/x", "hozen://service/operator/x",
        "https://acme/host/x", "hozen://acme/host/x%", "hozen://acme/host/x%4", "hozen://acme/host/%41",
        "hozen://acme/host/%2f", "hozen://acme/host/a b", "HOZEN://acme/host/x"}) {
    EXPECT_FALSE(SubjectOfUri(uri).has_value()) << uri;
  }
}

}  // namespace
}  // namespace hozen
