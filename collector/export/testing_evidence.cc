#include "collector/export/testing_evidence.h"

#include <gtest/gtest.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/time/time.h"
#include "collector/catalog/sqlite_catalog.h"
#include "core/base/concat.h"
#include "core/chunk/chunk.h"
#include "core/evidence/body.h"
#include "core/evidence/trust.h"
#include "core/plan/plan.h"

namespace hozen {
namespace {

// Ends the test where it stands; a fixture that is not there has nothing to say.
template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) {
    ADD_FAILURE() << value.status();
    abort();
  }
  return *std::move(value);
}

void Must(const absl::Status& status) {
  if (status.ok()) return;
  ADD_FAILURE() << status;
  abort();
}

std::filesystem::path FreshFolder() {
  std::string folder = ::testing::TempDir() + "/evidence.XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) abort();
  return folder;
}

v1::BodyRecord MapPartRecord(uint64_t index, const v1::Extent* first, const v1::Extent* last) {
  v1::BodyRecord record;
  record.mutable_map_part()->set_item_index(index);
  for (const v1::Extent* extent = first; extent != last; ++extent) *record.mutable_map_part()->add_extents() = *extent;
  return record;
}

}  // namespace

TestingEvidence::TestingEvidence(absl::Time start)
    : folder_(FreshFolder()),
      clock_(start),
      authority_(Must(PrivateKey::Generate(KeyType::kEd25519))),
      operator_key_(Must(PrivateKey::Generate(KeyType::kEd25519))),
      host_key_(Must(PrivateKey::Generate(KeyType::kEcdsaP256))) {
  const absl::Time now = clock_.Now();
  root_ = std::make_unique<CertificateAuthority>(
      Must(CertificateAuthority::CreateRoot("test root", now - absl::Hours(1), now + absl::Hours(24 * 3650))));
  catalog_ = Must(OpenSqliteCatalog(folder_ / "catalog.sqlite"));
  customers_ = std::make_unique<Customers>(CustomersOptions{.folder = folder_ / "customers", .reserve_bytes = 0},
                                           *root_, *catalog_, clock_);
  vault_ = Must(customers_->Create("acme"));

  delegation_.set_format_version(1);
  delegation_.set_customer_id(vault_->customer_id());
  delegation_.set_customer_name("acme");
  delegation_.set_host_ca_public_key(Must(vault_->host_ca().certificate().public_key()).ToDer());
  delegation_.set_custody_log_key(Must(vault_->custody_key().ToRawEd25519()));
  delegation_.set_custody_log_origin(vault_->custody_origin());
  delegation_.set_created_unix_ns(clock_.NowUnixNs());
  CustomerRow customer = Must(catalog_->GetCustomer(vault_->customer_id()));
  customer.ready = true;
  customer.authority_key_der = authority_.public_key().ToDer();
  customer.delegation = Must(SignDelegation(delegation_, authority_));
  Must(catalog_->FinishCustomer(customer));

  const Certificate leaf =
      Must(vault_->host_ca().Issue(host_key_.public_key(), {.common_name = host_id_,
                                                            .uri = HostUri(vault_->customer_id(), host_id_),
                                                            .dns_names = {},
                                                            .not_before = now - absl::Hours(1),
                                                            .not_after = now + absl::Hours(24 * 90)}));
  host_chain_pem_ = leaf.ToPem() + vault_->host_ca().certificate().ToPem();
  HostRow host;
  host.host.set_host_id(host_id_);
  host.host.mutable_facts()->set_hostname("pc-1");
  host.host.set_enrolled_unix_ns(clock_.NowUnixNs());
  host.public_key_der = host_key_.public_key().ToDer();
  host.certificate_chain_pem = host_chain_pem_;
  Must(catalog_->AddHost(vault_->customer_id(), host));
  MakeAcquisition();
}

TestingEvidence::~TestingEvidence() {
  customers_.reset();
  catalog_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

v1::Envelope TestingEvidence::OperatorCertificateOf(std::string name, std::string role, const PublicKey& key) {
  v1::OperatorCertificate certificate;
  certificate.set_format_version(1);
  certificate.set_customer_id(vault_->customer_id());
  certificate.set_name(std::move(name));
  certificate.set_role(std::move(role));
  certificate.set_public_key(key.ToDer());
  certificate.set_not_before_unix_ns(clock_.NowUnixNs() - 1);
  certificate.set_not_after_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Hours(24)));
  return Must(SignOperatorCertificate(certificate, authority_));
}

v1::SignedPlan TestingEvidence::PlanOf(std::string id) {
  v1::Plan plan;
  plan.set_format_version(1);
  plan.set_plan_id(std::move(id));
  plan.set_customer_id(vault_->customer_id());
  plan.add_host_ids(host_id_);
  plan.add_targets()->mutable_file()->set_pattern("/etc/**");
  plan.mutable_targets(0)->mutable_file()->set_separator("/");
  plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(clock_.Now() + absl::Hours(24)));
  plan.set_created_unix_ns(clock_.NowUnixNs());
  plan.set_operator_name("alice");
  plan.set_reason("case 7");
  return Must(SignPlan(plan, operator_key_, OperatorCertificateOf("alice", "responder", operator_key_.public_key())));
}

void TestingEvidence::MakeAcquisition() {
  AcquisitionRow row;
  row.plan = PlanOf("0123456789abcdef");
  acquisition_id_ = AcquisitionId(PlanDigest(row.plan), host_id_);
  row.acquisition.set_acquisition_id(acquisition_id_);
  row.acquisition.set_plan_id("0123456789abcdef");
  row.acquisition.set_host_id(host_id_);
  row.acquisition.set_hostname("pc-1");
  row.acquisition.set_operator_name("alice");
  row.acquisition.set_reason("case 7");
  row.acquisition.set_state(v1::Acquisition::STATE_RUNNING);
  row.acquisition.set_created_unix_ns(clock_.NowUnixNs());
  Must(catalog_->AddAcquisitions(vault_->customer_id(), {row}));
  manifest_.set_plan_sha256(std::string(PlanDigest(row.plan).bytes()));
}

v1::Extent TestingEvidence::Chunk(std::string_view plain) {
  VerifiedChunk chunk = VerifiedChunk::FromPlain(MakePlainChunk(std::string(plain)), 1);
  const Digest sha256 = chunk.sha256();
  frames_[sha256] = chunk.frame();
  plains_[sha256] = plain;
  std::vector<VerifiedChunk> chunks;
  chunks.push_back(std::move(chunk));
  Must(vault_->store().Put(std::move(chunks)));
  return ChunkExtent(sha256, static_cast<uint32_t>(plain.size()));
}

uint64_t TestingEvidence::AddStream(v1::Item item, const std::vector<v1::Extent>& extents) {
  constexpr uint64_t kSmall = 64 << 20;
  Sha256 hash;
  std::string bytes;
  uint64_t size = 0;
  for (const v1::Extent& extent : extents) {
    if (extent.kind() == v1::Extent::KIND_CHUNK) {
      const std::string& chunk = plains_.at(Must(Digest::FromBytes(extent.chunk_sha256())));
      const std::string part = chunk.substr(extent.chunk_offset_bytes(), extent.size_bytes());
      hash.Update(part);
      bytes += part;
    } else {
      hash.UpdateZeros(extent.size_bytes());
      if (extent.size_bytes() < kSmall) bytes.append(extent.size_bytes(), '\0');
      if (extent.kind() == v1::Extent::KIND_ZEROS) item.set_zero_bytes(item.zero_bytes() + extent.size_bytes());
      if (extent.kind() == v1::Extent::KIND_UNREADABLE) {
        item.set_unreadable_bytes(item.unreadable_bytes() + extent.size_bytes());
      }
      if (extent.kind() == v1::Extent::KIND_NOT_ACQUIRED) {
        item.set_not_acquired_bytes(item.not_acquired_bytes() + extent.size_bytes());
      }
    }
    size += extent.size_bytes();
  }
  const uint64_t index = items_.size();
  item.set_index(index);
  item.set_has_stream(true);
  item.set_size_bytes(size);
  if (item.sha256().empty()) item.set_sha256(std::string(hash.Finish().bytes()));
  if (item.unreadable_bytes() > 0) {
    item.set_state(v1::Item::STATE_PARTIAL);
    item.mutable_failure()->set_cause(v1::CAUSE_IO_ERROR);
  } else {
    item.set_state(v1::Item::STATE_COMPLETE);
  }
  offsets_.push_back(body_.size());
  // Long maps in parts, the rest in the item, as an agent does it.
  size_t at = 0;
  for (; extents.size() - at > kMaxExtentsPerRecord; at += kMaxExtentsPerRecord) {
    const v1::Extent* const first = extents.data() + at;
    Must(AppendRecord(MapPartRecord(index, first, first + kMaxExtentsPerRecord), body_));
  }
  v1::BodyRecord record;
  *record.mutable_item() = item;
  for (; at < extents.size(); ++at) *record.mutable_item()->add_extents() = extents[at];
  Must(AppendRecord(record, body_));
  items_.push_back(std::move(item));
  streams_[index] = std::move(bytes);
  return index;
}

uint64_t TestingEvidence::AddFile(std::string path, std::string_view content) {
  v1::Item item;
  item.set_kind(v1::Item::KIND_FILE);
  item.set_path(std::move(path));
  item.mutable_file()->set_mode(0100644);
  item.mutable_file()->set_size_bytes(content.size());
  item.mutable_file()->set_inode(100 + items_.size());
  item.mutable_file()->set_modified_unix_ns(1'700'000'000'000'000'000);
  item.set_started_unix_ns(clock_.NowUnixNs());
  item.set_finished_unix_ns(clock_.NowUnixNs());
  return AddStream(std::move(item), content.empty() ? std::vector<v1::Extent>{} : std::vector{Chunk(content)});
}

uint64_t TestingEvidence::AddRecord(v1::Item item) {
  const uint64_t index = items_.size();
  item.set_index(index);
  if (item.state() == v1::Item::STATE_UNSPECIFIED) item.set_state(v1::Item::STATE_COMPLETE);
  offsets_.push_back(body_.size());
  v1::BodyRecord record;
  *record.mutable_item() = item;
  Must(AppendRecord(record, body_));
  items_.push_back(std::move(item));
  return index;
}

void TestingEvidence::AddTarget(const v1::TargetOutcome& outcome) {
  if (outcome.has_failure()) manifest_.set_failed_targets(manifest_.failed_targets() + 1);
  v1::BodyRecord record;
  *record.mutable_target_outcome() = outcome;
  Must(AppendRecord(record, body_));
}

void TestingEvidence::Commit() {
  manifest_.set_format_version(1);
  manifest_.set_acquisition_id(acquisition_id_);
  manifest_.set_customer_id(vault_->customer_id());
  manifest_.set_host_id(host_id_);
  manifest_.mutable_host()->set_hostname("pc-1");
  manifest_.mutable_host()->set_system("linux");
  manifest_.mutable_host()->set_system_version("Debian GNU/Linux 12");
  manifest_.set_started_unix_ns(clock_.NowUnixNs());
  manifest_.set_finished_unix_ns(clock_.NowUnixNs());
  manifest_.set_items(items_.size());
  for (const v1::Item& item : items_) manifest_.set_stream_bytes(manifest_.stream_bytes() + item.size_bytes());
  manifest_.set_body_sha256(std::string(Sha256::Of(body_).bytes()));
  manifest_.set_body_size_bytes(body_.size());
  // Small chunks, so that records are cut in two.
  constexpr size_t kBodyChunkBytes = 1000;
  for (size_t at = 0; at < body_.size(); at += kBodyChunkBytes) {
    *manifest_.add_body_extents() = Chunk(std::string_view(body_).substr(at, kBodyChunkBytes));
    body_chunks_.push_back(Must(Digest::FromBytes(manifest_.body_extents().rbegin()->chunk_sha256())));
  }
  AcquisitionRow row = Must(catalog_->GetAcquisition(vault_->customer_id(), acquisition_id_));
  row.manifest = Must(SignManifest(manifest_, host_key_));
  row.host_chain_pem = host_chain_pem_;
  row.custody_index =
      Must(vault_->custody().Append({.kind = "acquisition.committed",
                                     .actor = Concat("host:", host_id_),
                                     .acquisition_id = acquisition_id_,
                                     .host_id = host_id_,
                                     .details = {{"manifest_sha256", Sha256::Of(row.manifest.payload()).ToHex()}}}));
  row.acquisition.set_state(v1::Acquisition::STATE_COMPLETE);
  row.acquisition.set_finished_unix_ns(clock_.NowUnixNs());
  const std::unique_ptr<Catalog::Commit> commit = Must(catalog_->BeginCommit(vault_->customer_id(), acquisition_id_));
  for (size_t i = 0; i < items_.size(); ++i) {
    Must(commit->AddItem({.item = items_[i], .body_offset_bytes = offsets_[i]}));
  }
  Must(commit->Finish(row));
}

void TestingEvidence::Damage(const Digest& chunk) {
  const std::string& frame = frames_.at(chunk);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "customers")) {
    if (!entry.is_regular_file()) continue;
    std::string bytes;
    {
      std::ifstream in(entry.path(), std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    const size_t at = bytes.find(frame);
    if (at == std::string::npos) continue;
    std::fstream out(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    const size_t middle = at + frame.size() / 2;
    out.seekp(static_cast<std::streamoff>(middle));
    out.put(static_cast<char>(bytes[middle] ^ 1));
    out.close();
    return;
  }
  ADD_FAILURE() << "no pack holds the chunk " << chunk.ToHex();
}

StoredEvidence TestingEvidence::Open() { return Must(StoredEvidence::Open(*vault_, *catalog_, acquisition_id_)); }

void StringSink::CheckPiece(size_t size_bytes) { EXPECT_LE(size_bytes, kMaxChunkSizeBytes); }

CommandResult RunTool(const std::string& command) {
  CommandResult result{.exit_status = -1, .output = {}};
  FILE* const pipe = popen(Concat("( ", command, " ) 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  char buffer[4096];
  size_t got = 0;
  while ((got = fread(buffer, 1, sizeof(buffer), pipe)) > 0) result.output.append(buffer, got);
  const int status = pclose(pipe);
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

}  // namespace hozen
