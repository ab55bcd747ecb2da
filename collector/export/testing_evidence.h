// A collector's rooms in a temporary folder, with one customer, one host and an acquisition that a test makes: real
// keys, packs, catalog and custody log. For tests of whoever reads evidence.
#ifndef HOZEN_COLLECTOR_EXPORT_TESTING_EVIDENCE_H_
#define HOZEN_COLLECTOR_EXPORT_TESTING_EVIDENCE_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/export/stored_evidence.h"
#include "core/base/fake_clock.h"
#include "core/crypto/certificate.h"
#include "core/crypto/key.h"
#include "core/evidence/map.h"
#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/plan.pb.h"

namespace hozen {

// Thread-compatible. What cannot go wrong in a test ends it where it does.
class TestingEvidence {
 public:
  // The clock stands at `now`; tests that speak TLS need the real time.
  explicit TestingEvidence(absl::Time now = absl::FromUnixSeconds(1767225600));
  ~TestingEvidence();

  const std::filesystem::path& folder() const { return folder_; }
  FakeClock& clock() { return clock_; }
  CertificateAuthority& root() { return *root_; }
  Customers& customers() { return *customers_; }
  Catalog& catalog() { return *catalog_; }
  CustomerVault& vault() { return *vault_; }
  const PrivateKey& authority() const { return authority_; }
  // A plan for the host by alice, a responder, signed with her key; not submitted. `id` is 16 hexadecimal digits.
  v1::SignedPlan PlanOf(std::string id);
  // What the authority says of an operator with this key.
  v1::Envelope OperatorCertificateOf(std::string name, std::string role, const PublicKey& key);
  const PrivateKey& alices_key() const { return operator_key_; }
  const std::string& host_id() const { return host_id_; }
  const std::string& acquisition_id() const { return acquisition_id_; }
  const v1::Delegation& delegation() const { return delegation_; }

  // A chunk in the store, and a run that is the whole of it.
  v1::Extent Chunk(std::string_view plain);
  // An item with the stream that `extents` make; its size, hash and index are set here. Returns the index.
  uint64_t AddStream(v1::Item item, const std::vector<v1::Extent>& extents);
  // A file of which all is in one chunk.
  uint64_t AddFile(std::string path, std::string_view content);
  // An item without a stream.
  uint64_t AddRecord(v1::Item item);
  // What came of a target.
  void AddTarget(const v1::TargetOutcome& outcome);
  // Signs the manifest and commits it to custody and catalog.
  void Commit();

  // The logical bytes of an item added before; only for small ones.
  const std::string& StreamOf(uint64_t index) const { return streams_.at(index); }
  const std::vector<v1::Item>& items() const { return items_; }
  // The chunks of the manifest's body.
  const std::vector<Digest>& body_chunks() const { return body_chunks_; }

  // Flips one bit of the chunk in its pack file.
  void Damage(const Digest& chunk);

  StoredEvidence Open();

 private:
  void MakeAcquisition();

  std::filesystem::path folder_;
  FakeClock clock_;
  std::unique_ptr<CertificateAuthority> root_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<Customers> customers_;
  CustomerVault* vault_ = nullptr;
  PrivateKey authority_;
  PrivateKey operator_key_;
  PrivateKey host_key_;
  v1::Delegation delegation_;
  const std::string host_id_ = "00112233445566778899aabbccddeeff";
  std::string host_chain_pem_;
  std::string acquisition_id_;
  v1::Manifest manifest_;
  std::vector<v1::Item> items_;  // without extents
  std::map<uint64_t, std::string> streams_;
  std::string body_;
  std::vector<uint64_t> offsets_;  // of each item's first record
  std::vector<Digest> body_chunks_;
  std::map<Digest, std::string> frames_;
  std::map<Digest, std::string> plains_;
};

// Keeps what it gets.
class StringSink : public StreamSink {
 public:
  absl::Status Data(std::string_view bytes) override {
    CheckPiece(bytes.size());
    bytes_ += bytes;
    return absl::OkStatus();
  }
  absl::Status Zeros(uint64_t size_bytes) override {
    bytes_.append(size_bytes, '\0');
    return absl::OkStatus();
  }
  const std::string& bytes() const { return bytes_; }

 private:
  static void CheckPiece(size_t size_bytes);
  std::string bytes_;
};

// Runs a command of the system's shell; its output and how it ended.
struct CommandResult {
  int exit_status;
  std::string output;
};
CommandResult RunTool(const std::string& command);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_TESTING_EVIDENCE_H_
