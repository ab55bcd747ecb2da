#include "core/crypto/certificate.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "core/crypto/testing_openssl_command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

const absl::Time kStart = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now())) - absl::Hours(1);
const absl::Time kEnd = kStart + absl::Hours(24 * 365);

CertificateAuthority MakeRoot(const std::string& name = "Hozen root") {
  absl::StatusOr<CertificateAuthority> root = CertificateAuthority::CreateRoot(name, kStart, kEnd);
  EXPECT_TRUE(root.ok()) << root.status();
  return *std::move(root);
}

CertificateAuthority MakeIntermediate(const CertificateAuthority& root, const std::string& name = "Hosts of acme") {
  absl::StatusOr<CertificateAuthority> made = root.CreateIntermediate(name, kStart, kEnd);
  EXPECT_TRUE(made.ok()) << made.status();
  return *std::move(made);
}

PrivateKey MakeKey(KeyType type = KeyType::kEcdsaP256) { return *PrivateKey::Generate(type); }

CertificateOptions HostOptions() {
  CertificateOptions options;
  options.common_name = "host-1";
  options.uri = "hozen://acme/host/host-1";
  options.not_before = kStart;
  options.not_after = kEnd;
  return options;
}

CertificateOptions ServerOptions() {
  CertificateOptions options = HostOptions();
  options.common_name = "collector";
  options.uri = "";
  options.dns_names = {"collector.example", "*.example", "127.0.0.1", "2001:db8::1"};
  options.server = true;
  return options;
}

Certificate MustIssue(const CertificateAuthority& authority, const PublicKey& subject,
                      const CertificateOptions& options) {
  absl::StatusOr<Certificate> made = authority.Issue(subject, options);
  EXPECT_TRUE(made.ok()) << made.status();
  return *std::move(made);
}

// What openssl prints of a certificate.
std::string TextOf(const Certificate& certificate) {
  const TestingOpenSslCommand openssl;
  openssl.Put("c.pem", certificate.ToPem());
  return openssl.Run({"x509", "-in", "c.pem", "-noout", "-text"}).output;
}

TEST(CertificateTest, SaysWhatWasWrittenIntoIt) {
  const CertificateAuthority root = MakeRoot();
  const PrivateKey key = MakeKey(KeyType::kEd25519);
  const Certificate host = MustIssue(root, key.public_key(), HostOptions());
  EXPECT_EQ(host.common_name(), "host-1");
  EXPECT_EQ(host.uri(), "hozen://acme/host/host-1");
  EXPECT_THAT(host.dns_names(), IsEmpty());
  EXPECT_EQ(host.not_before(), kStart);
  EXPECT_EQ(host.not_after(), kEnd);
  EXPECT_FALSE(host.is_authority());
  EXPECT_TRUE(*host.public_key() == key.public_key());
  const Certificate server = MustIssue(root, key.public_key(), ServerOptions());
  EXPECT_EQ(server.uri(), "");
  EXPECT_THAT(server.dns_names(), ElementsAre("collector.example", "*.example", "127.0.0.1", "2001:db8::1"));
  EXPECT_TRUE(root.certificate().is_authority());
  EXPECT_EQ(root.certificate().common_name(), "Hozen root");
}

TEST(CertificateTest, ComesBackFromPemAndDer) {
  const Certificate certificate = MakeRoot("保全 root").certificate();
  EXPECT_EQ(certificate.common_name(), "保全 root");
  EXPECT_EQ(Certificate::FromPem(certificate.ToPem())->ToDer(), certificate.ToDer());
  EXPECT_EQ(Certificate::FromDer(certificate.ToDer())->ToPem(), certificate.ToPem());
}

TEST(CertificateTest, SerialsArePositiveLongAndNeverTheSame) {
  const CertificateAuthority root = MakeRoot();
  const PublicKey key = MakeKey().public_key();
  const TestingOpenSslCommand openssl;
  std::set<std::string> seen;
  size_t longest = 0;
  for (int i = 0; i < 32; ++i) {
    const Certificate certificate = MustIssue(root, key, HostOptions());
    EXPECT_THAT(certificate.serial(), MatchesRegex("[0-9a-f]+"));
    EXPECT_TRUE(seen.insert(certificate.serial()).second);
    longest = std::max(longest, certificate.serial().size());
    openssl.Put("c.pem", certificate.ToPem());
    // openssl prints a minus sign before a negative one.
    std::string printed = openssl.Run({"x509", "-in", "c.pem", "-noout", "-serial"}).output;
    for (char& c : printed) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_EQ(printed, "serial=" + certificate.serial() + "\n");
  }
  EXPECT_EQ(longest, 32u) << "128 bits";
}

TEST(CertificateTest, OpenSslVerifiesTheChainForItsPurposeOnly) {
  const CertificateAuthority root = MakeRoot();
  const CertificateAuthority hosts = MakeIntermediate(root);
  const TestingOpenSslCommand openssl;
  openssl.Put("root.pem", root.certificate().ToPem());
  openssl.Put("hosts.pem", hosts.certificate().ToPem());
  openssl.Put("host.pem", MustIssue(hosts, MakeKey().public_key(), HostOptions()).ToPem());
  openssl.Put("server.pem", MustIssue(root, MakeKey().public_key(), ServerOptions()).ToPem());
  const auto verify = [&openssl](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"verify", "-x509_strict", "-CAfile", "root.pem"});
    return openssl.Run(arguments);
  };
  const TestingOpenSslCommand::Result self = verify({"-check_ss_sig", "root.pem"});
  EXPECT_EQ(self.exit_status, 0) << self.output;
  const TestingOpenSslCommand::Result host = verify({"-purpose", "sslclient", "-untrusted", "hosts.pem", "host.pem"});
  EXPECT_EQ(host.exit_status, 0) << host.output;
  const TestingOpenSslCommand::Result server =
      verify({"-purpose", "sslserver", "-verify_hostname", "collector.example", "server.pem"});
  EXPECT_EQ(server.exit_status, 0) << server.output;
  EXPECT_EQ(verify({"-purpose", "sslserver", "-verify_ip", "2001:db8::1", "server.pem"}).exit_status, 0);
  EXPECT_NE(verify({"-purpose", "sslserver", "-verify_hostname", "other.test", "server.pem"}).exit_status, 0);
  EXPECT_NE(verify({"-purpose", "sslserver", "-untrusted", "hosts.pem", "host.pem"}).exit_status, 0);
  EXPECT_NE(verify({"-purpose", "sslclient", "server.pem"}).exit_status, 0);
  EXPECT_NE(verify({"-purpose", "sslclient", "host.pem"}).exit_status, 0) << "without the authority between";
}

TEST(CertificateTest, CarriesTheExtensionsOfItsKind) {
  const CertificateAuthority root = MakeRoot();
  const CertificateAuthority hosts = MakeIntermediate(root);
  const std::string of_root = TextOf(root.certificate());
  EXPECT_THAT(of_root, HasSubstr("X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:1"));
  EXPECT_THAT(of_root, HasSubstr("X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign"));
  EXPECT_THAT(TextOf(hosts.certificate()), HasSubstr("CA:TRUE, pathlen:0"));
  const std::string of_host = TextOf(MustIssue(hosts, MakeKey().public_key(), HostOptions()));
  for (const char* part :
       {"Version: 3 (0x2)", "X509v3 Basic Constraints: critical\n                CA:FALSE",
        "X509v3 Key Usage: critical\n                Digital Signature", "TLS Web Client Authentication",
        "X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier", "URI:hozen://acme/host/host-1"}) {
    EXPECT_THAT(of_host, HasSubstr(part));
  }
  EXPECT_THAT(of_host, Not(HasSubstr("TLS Web Server Authentication")));
  const std::string of_server = TextOf(MustIssue(root, MakeKey().public_key(), ServerOptions()));
  EXPECT_THAT(of_server, HasSubstr("DNS:collector.example, DNS:*.example, IP Address:127.0.0.1, IP Address:2001:DB8"));
  EXPECT_THAT(of_server, HasSubstr("TLS Web Server Authentication"));
}

TEST(CertificateTest, DatesBehind2050AreWrittenToo) {
  CertificateOptions options = HostOptions();
  options.not_after = absl::FromCivil(absl::CivilSecond(2061, 7, 28, 1, 2, 3), absl::UTCTimeZone());
  const Certificate certificate = MustIssue(MakeRoot(), MakeKey().public_key(), options);
  EXPECT_EQ(certificate.not_after(), options.not_after);
  EXPECT_THAT(TextOf(certificate), HasSubstr("Jul 28 01:02:03 2061 GMT"));
}

TEST(CertificateTest, VerifiesWhoSignedIt) {
  const CertificateAuthority root = MakeRoot();
  const CertificateAuthority hosts = MakeIntermediate(root);
  const Certificate host = MustIssue(hosts, MakeKey().public_key(), HostOptions());
  EXPECT_TRUE(host.VerifySignedBy(hosts.certificate()).ok());
  EXPECT_TRUE(host.VerifySignedBy(*hosts.certificate().public_key()).ok());
  EXPECT_TRUE(hosts.certificate().VerifySignedBy(root.certificate()).ok());
  EXPECT_TRUE(root.certificate().VerifySignedBy(root.certificate()).ok());
  EXPECT_TRUE(absl::IsDataLoss(host.VerifySignedBy(root.certificate())));
  EXPECT_TRUE(absl::IsDataLoss(host.VerifySignedBy(*root.certificate().public_key())));
}

TEST(CertificateTest, AnotherAuthorityOfTheSameNameDidNotSignIt) {
  const Certificate host = MustIssue(MakeRoot("same"), MakeKey().public_key(), HostOptions());
  EXPECT_TRUE(absl::IsDataLoss(host.VerifySignedBy(MakeRoot("same").certificate())));
}

TEST(CertificateTest, AnEndCertificateIsNobodysIssuer) {
  const CertificateAuthority root = MakeRoot();
  const PrivateKey key = MakeKey();
  const Certificate end = MustIssue(root, key.public_key(), HostOptions());
  const Certificate other = MustIssue(root, MakeKey().public_key(), HostOptions());
  EXPECT_TRUE(absl::IsInvalidArgument(other.VerifySignedBy(end)));
  EXPECT_TRUE(absl::IsInvalidArgument(CertificateAuthority::FromPem(end.ToPem(), key.ToSecretPem()).status()));
}

TEST(CertificateTest, OneChangedBitBreaksTheSignatureOrTheCertificate) {
  const CertificateAuthority root = MakeRoot();
  const std::string der = MustIssue(root, MakeKey().public_key(), HostOptions()).ToDer();
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] ^= 4;
    const absl::StatusOr<Certificate> certificate = Certificate::FromDer(changed);
    if (!certificate.ok()) continue;
    EXPECT_FALSE(certificate->VerifySignedBy(root.certificate()).ok()) << i;
    // None of these may fall over what it finds.
    (void)certificate->uri();
    (void)certificate->dns_names();
    (void)certificate->common_name();
    (void)certificate->serial();
    (void)certificate->not_before();
    (void)certificate->is_authority();
    (void)certificate->public_key();
  }
}

TEST(CertificateTest, RubbishIsRefused) {
  const std::string der = MakeRoot().certificate().ToDer();
  for (size_t size = 0; size < der.size(); size += 7) {
    EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromDer(der.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromDer(der + "x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromPem("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromPem(MakeKey().ToSecretPem()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::FromPem(std::string(2 << 20, 'x')).status()));
}

TEST(CertificateTest, SeveralUrisSpeakForNobody) {
  const PrivateKey key = MakeKey();
  const TestingOpenSslCommand openssl;
  openssl.Put("key.pem", key.ToSecretPem());
  const TestingOpenSslCommand::Result made =
      openssl.Run({"req", "-x509", "-new", "-key", "key.pem", "-subj", "/CN=x", "-out", "two.pem", "-addext",
                   "subjectAltName=URI:hozen://acme/host/a,URI:hozen://other/host/b"});
  ASSERT_EQ(made.exit_status, 0) << made.output;
  EXPECT_EQ(Certificate::FromPem(openssl.Get("two.pem"))->uri(), "");
}

TEST(CertificateTest, AForeignNameWithAZeroByteInItIsNoName) {
  const PrivateKey key = MakeKey();
  const TestingOpenSslCommand openssl;
  openssl.Put("key.pem", key.ToSecretPem());
  // dNSName [2] "a\0b" and uniformResourceIdentifier [6] "u\0v" as raw DER.
  const TestingOpenSslCommand::Result made =
      openssl.Run({"req", "-x509", "-new", "-key", "key.pem", "-subj", "/CN=x", "-out", "zero.pem", "-addext",
                   "subjectAltName=DER:30:0A:82:03:61:00:62:86:03:75:00:76"});
  ASSERT_EQ(made.exit_status, 0) << made.output;
  const absl::StatusOr<Certificate> certificate = Certificate::FromPem(openssl.Get("zero.pem"));
  ASSERT_TRUE(certificate.ok());
  EXPECT_EQ(certificate->uri(), "");
  EXPECT_THAT(certificate->dns_names(), IsEmpty());
}

TEST(CertificateChainTest, IsReadInItsOrder) {
  const CertificateAuthority root = MakeRoot();
  const CertificateAuthority hosts = MakeIntermediate(root);
  const std::string pem =
      "a comment, as openssl writes them\n" + hosts.certificate().ToPem() + "\n" + root.certificate().ToPem() + "\n\n";
  const absl::StatusOr<std::vector<Certificate>> chain = Certificate::ChainFromPem(pem);
  ASSERT_TRUE(chain.ok()) << chain.status();
  ASSERT_EQ(chain->size(), 2u);
  EXPECT_EQ((*chain)[0].common_name(), "Hosts of acme");
  EXPECT_EQ((*chain)[1].common_name(), "Hozen root");
  EXPECT_EQ(Certificate::FromPem(pem)->common_name(), "Hosts of acme");
}

TEST(CertificateChainTest, OfNoneOrOver8OrWithADamagedOneIsRefused) {
  const std::string one = MakeRoot().certificate().ToPem();
  std::string eight;
  for (int i = 0; i < 8; ++i) eight += one;
  EXPECT_EQ(Certificate::ChainFromPem(eight)->size(), 8u);
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::ChainFromPem(eight + one).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::ChainFromPem("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Certificate::ChainFromPem(one + one.substr(0, one.size() / 2)).status()));
}

TEST(CertificateAuthorityTest, ComesBackFromWhatWasSaved) {
  const CertificateAuthority root = MakeRoot();
  const absl::StatusOr<CertificateAuthority> again =
      CertificateAuthority::FromPem(root.certificate().ToPem(), root.SecretKeyPem());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(MustIssue(*again, MakeKey().public_key(), HostOptions()).VerifySignedBy(root.certificate()).ok());
}

TEST(CertificateAuthorityTest, AKeyThatIsNotItsIsRefused) {
  const absl::Status refused =
      CertificateAuthority::FromPem(MakeRoot().certificate().ToPem(), MakeRoot().SecretKeyPem()).status();
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("Hozen root"));
}

TEST(CertificateAuthorityTest, AnIntermediateMakesNoAuthorities) {
  const CertificateAuthority hosts = MakeIntermediate(MakeRoot());
  EXPECT_TRUE(absl::IsFailedPrecondition(hosts.CreateIntermediate("deeper", kStart, kEnd).status()));
}

TEST(CertificateAuthorityTest, NamesAndDatesThatCannotBeWrittenAreRefused) {
  const CertificateAuthority root = MakeRoot();
  const PublicKey key = MakeKey().public_key();
  const auto is_refused = [&](auto change) {
    CertificateOptions options = HostOptions();
    change(options);
    return absl::IsInvalidArgument(root.Issue(key, options).status());
  };
  EXPECT_FALSE(is_refused([](CertificateOptions&) {}));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.common_name = ""; }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.common_name = std::string(65, 'x'); }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.common_name = "\xff\xfe"; }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.uri = "hozen://a b"; }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.uri = std::string("hozen://a\0b", 11); }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.dns_names = {"collector.example,URI:hozen://x"}; }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.dns_names = {""}; }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.not_after = o.not_before; }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.not_after = absl::InfiniteFuture(); }));
  EXPECT_TRUE(is_refused([](CertificateOptions& o) { o.not_before = absl::InfinitePast(); }));
}

TEST(CertificateAuthorityTest, AUriWithCommasIsOneNameAndNoMore) {
  CertificateOptions options = HostOptions();
  options.uri = "hozen://acme/host/x,DNS:evil.example";
  const Certificate certificate = MustIssue(MakeRoot(), MakeKey().public_key(), options);
  EXPECT_EQ(certificate.uri(), options.uri);
  EXPECT_THAT(certificate.dns_names(), IsEmpty());
}

TEST(CertificateAuthorityTest, ThreadsMayIssueAtTheSameTime) {
  const CertificateAuthority root = MakeRoot();
  const PublicKey key = MakeKey().public_key();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        EXPECT_TRUE(MustIssue(root, key, HostOptions()).VerifySignedBy(root.certificate()).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

class CertificateRequestTest : public ::testing::TestWithParam<KeyType> {};

TEST_P(CertificateRequestTest, IsOneThatOpenSslVerifies) {
  const PrivateKey key = MakeKey(GetParam());
  const absl::StatusOr<CertificateRequest> request = CertificateRequest::Create(key, "host-1");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_TRUE(*request->public_key() == key.public_key());
  const TestingOpenSslCommand openssl;
  openssl.Put("r.der", request->ToDer());
  const TestingOpenSslCommand::Result verified =
      openssl.Run({"req", "-inform", "DER", "-in", "r.der", "-verify", "-noout", "-subject"});
  EXPECT_EQ(verified.exit_status, 0);
  EXPECT_THAT(verified.output, HasSubstr("verify OK"));
  EXPECT_THAT(verified.output, HasSubstr("CN = host-1"));
}

TEST_P(CertificateRequestTest, GoesThroughDerAndBecomesACertificate) {
  const PrivateKey key = MakeKey(GetParam());
  const CertificateRequest made = *CertificateRequest::Create(key, "host-1");
  const absl::StatusOr<CertificateRequest> read = CertificateRequest::FromDer(made.ToDer());
  ASSERT_TRUE(read.ok()) << read.status();
  const CertificateAuthority root = MakeRoot();
  const Certificate certificate = MustIssue(root, *read->public_key(), HostOptions());
  EXPECT_TRUE(*certificate.public_key() == key.public_key());
  EXPECT_TRUE(certificate.VerifySignedBy(root.certificate()).ok());
}

TEST_P(CertificateRequestTest, OneChangedBitIsRefused) {
  const std::string der = CertificateRequest::Create(MakeKey(GetParam()), "host-1")->ToDer();
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] ^= 4;
    EXPECT_TRUE(absl::IsInvalidArgument(CertificateRequest::FromDer(changed).status())) << i;
    EXPECT_TRUE(absl::IsInvalidArgument(CertificateRequest::FromDer(der.substr(0, i)).status())) << i;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(CertificateRequest::FromDer(der + "x").status()));
}

INSTANTIATE_TEST_SUITE_P(EachType, CertificateRequestTest, ::testing::Values(KeyType::kEd25519, KeyType::kEcdsaP256),
                         [](const auto& each) { return each.param == KeyType::kEd25519 ? "Ed25519" : "EcdsaP256"; });

TEST(CertificateRequestLimitTest, LongOnesAndForeignKeysAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(CertificateRequest::FromDer(std::string(65 * 1024, '0')).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(CertificateRequest::Create(MakeKey(), std::string(65, 'x')).status()));
  const TestingOpenSslCommand openssl;
  const TestingOpenSslCommand::Result made =
      openssl.Run({"req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-subj", "/CN=x", "-outform",
                   "DER", "-out", "r.der"});
  ASSERT_EQ(made.exit_status, 0) << made.output;
  EXPECT_TRUE(absl::IsInvalidArgument(CertificateRequest::FromDer(openssl.Get("r.der")).status()));
}

}  // namespace
}  // namespace hozen
