#include "collector/service/evidence_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "collector/export/testing_evidence.h"
#include "core/base/concat.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/trust.h"

namespace hozen {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Answer : public AnswerSink {
 public:
  absl::Status Expect(uint64_t size_bytes) override {
    expected_ = size_bytes;
    return absl::OkStatus();
  }
  absl::Status Data(std::string_view bytes) override { return stream_.Data(bytes); }
  absl::Status Zeros(uint64_t size_bytes) override { return stream_.Zeros(size_bytes); }
  absl::Status End(const v1::StreamEnd& end) override {
    end_ = end;
    return absl::OkStatus();
  }
  const std::string& bytes() const { return stream_.bytes(); }
  std::optional<uint64_t> expected_;
  std::optional<v1::StreamEnd> end_;

 private:
  StringSink stream_;
};

class EvidenceAccessTest : public ::testing::Test {
 protected:
  EvidenceAccessTest() {
    made_.AddFile("/etc/passwd", "root:x:0");
    v1::Item disk;
    disk.set_kind(v1::Item::KIND_DISK);
    disk.set_path("/dev/sda");
    made_.AddStream(disk, {made_.Chunk("MBR"), ZerosExtent(2000), bad_ = made_.Chunk("data")});
    v1::Item failed;
    failed.set_kind(v1::Item::KIND_FILE);
    failed.set_path("/etc/shadow");
    failed.set_state(v1::Item::STATE_FAILED);
    failed.mutable_failure()->set_cause(v1::CAUSE_PERMISSION_DENIED);
    made_.AddRecord(failed);
    v1::TargetOutcome nothing;
    nothing.set_pattern("/no/such/*");
    made_.AddTarget(nothing);
    v1::TargetOutcome refused;
    refused.set_target_index(1);
    refused.set_pattern("/usr/bin/touch /x");
    refused.mutable_failure()->set_cause(v1::CAUSE_COMMAND_NOT_ALLOWED);
    made_.AddTarget(refused);
    made_.Commit();
  }

  Caller Operator(std::string role) {
    return {.kind = Caller::Kind::kOperator,
            .customer_id = made_.vault().customer_id(),
            .name = "bob",
            .role = std::move(role),
            .public_key_der = {}};
  }
  v1::ExportRequest Format(std::string format) {
    v1::ExportRequest request;
    request.set_acquisition_id(made_.acquisition_id());
    request.set_format(std::move(format));
    return request;
  }
  std::string LastEntry(uint64_t from_end = 1) {
    CustodyLog& log = made_.vault().custody();
    return *log.Entry(log.size() - from_end);
  }
  std::vector<v1::TargetOutcome> Targets(const v1::ListTargetsRequest& request) {
    std::vector<v1::TargetOutcome> outcomes;
    const absl::Status status =
        access_.ListTargets(Operator("analyst"), request, [&](const v1::TargetOutcome& outcome) {
          outcomes.push_back(outcome);
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    return outcomes;
  }

  TestingEvidence made_;
  v1::Extent bad_;
  Fleet fleet_{made_.customers(), made_.catalog(), made_.clock()};
  EvidenceAccess access_{ServiceContext{made_.customers(), made_.catalog(), fleet_, made_.root(), made_.clock()}};
};

TEST_F(EvidenceAccessTest, ReadingAnItemIsInTheCustodyLogBeforeItsFirstByte) {
  class Watching : public Answer {
   public:
    explicit Watching(CustodyLog& log) : log_(log) {}
    absl::Status Data(std::string_view bytes) override {
      EXPECT_THAT(*log_.Entry(log_.size() - 1), HasSubstr("evidence.read"));
      return Answer::Data(bytes);
    }
    CustodyLog& log_;
  };
  Watching answer(made_.vault().custody());
  v1::ReadItemRequest request;
  request.set_acquisition_id(made_.acquisition_id());
  request.set_offset_bytes(5);
  ASSERT_TRUE(access_.ReadItem(Operator("analyst"), request, answer).ok());
  EXPECT_EQ(answer.bytes(), "x:0");
  EXPECT_EQ(answer.expected_, 3u);
  ASSERT_TRUE(answer.end_.has_value());
  EXPECT_EQ(answer.end_->sha256(), Sha256::Of("x:0").bytes());
  EXPECT_THAT(LastEntry(),
              AllOf(HasSubstr("operator:bob"), HasSubstr("/etc/passwd"), HasSubstr(made_.acquisition_id())));
}

TEST_F(EvidenceAccessTest, EveryFormatIsExportedWithItsDigestInTheLog) {
  for (const char* format : {"zip", "raw", "raw-sidecar", "tar", "bodyfile", "timesketch", "csv", "case"}) {
    Answer answer;
    const absl::Status status = access_.Export(Operator("analyst"), Format(format), answer);
    ASSERT_TRUE(status.ok()) << format << status;
    ASSERT_TRUE(answer.end_.has_value());
    EXPECT_EQ(answer.end_->size_bytes(), answer.bytes().size());
    EXPECT_EQ(answer.end_->sha256(), Sha256::Of(answer.bytes()).bytes()) << format;
    EXPECT_THAT(LastEntry(), AllOf(HasSubstr("\"evidence.exported\""), HasSubstr(Concat("\"format\":\"", format, "\"")),
                                   HasSubstr(Sha256::Of(answer.bytes()).ToHex())));
    EXPECT_THAT(LastEntry(2), HasSubstr("evidence.export-started"));
  }
  Answer answer;
  EXPECT_TRUE(absl::IsInvalidArgument(access_.Export(Operator("analyst"), Format("e01"), answer)));
}

TEST_F(EvidenceAccessTest, APartIsExportedAndTheLogSaysWhichButAProofIsWhole) {
  v1::ExportRequest part = Format("csv");
  part.set_path_glob("/etc/*");
  part.add_artifacts("Nothing");
  Answer answer;
  ASSERT_TRUE(access_.Export(Operator("analyst"), part, answer).ok());
  EXPECT_EQ(std::count(answer.bytes().begin(), answer.bytes().end(), '\n'), 1) << answer.bytes();
  EXPECT_THAT(LastEntry(), AllOf(HasSubstr("/etc/*"), HasSubstr("Nothing")));
  for (const char* format : {"zip", "raw"}) {
    part.set_format(format);
    EXPECT_TRUE(absl::IsInvalidArgument(access_.Export(Operator("analyst"), part, answer))) << format;
  }
  part.set_format("csv");
  part.set_from_unix_ns(5);
  part.set_to_unix_ns(5);
  EXPECT_TRUE(absl::IsInvalidArgument(access_.Export(Operator("analyst"), part, answer)));
}

TEST_F(EvidenceAccessTest, DamageIsRefusedNamedAndLogged) {
  made_.Damage(*Digest::FromBytes(bad_.chunk_sha256()));
  for (const char* format : {"zip", "raw"}) {
    Answer answer;
    const absl::Status status = access_.Export(Operator("analyst"), Format(format), answer);
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(status.ToString(),
                AllOf(HasSubstr("item 1 (/dev/sda)"), HasSubstr(Digest::FromBytes(bad_.chunk_sha256())->ToHex())));
    EXPECT_FALSE(answer.end_.has_value());
    EXPECT_THAT(LastEntry(), HasSubstr("evidence.export-failed"));
  }
}

TEST_F(EvidenceAccessTest, VerifyingGoesOnToTheEndAndIsLogged) {
  const auto verify = [&] {
    std::vector<v1::VerifyProgress> progress;
    v1::VerifyRequest request;
    request.set_acquisition_id(made_.acquisition_id());
    const absl::Status status = access_.Verify(
        Operator("responder"), request,
        [&](const v1::VerifyProgress& message) {
          progress.push_back(message);
          return absl::OkStatus();
        },
        [] { return absl::OkStatus(); });
    EXPECT_TRUE(status.ok()) << status;
    return progress;
  };
  std::vector<v1::VerifyProgress> sound = verify();
  ASSERT_FALSE(sound.empty());
  EXPECT_TRUE(sound.back().finished());
  EXPECT_EQ(sound.back().faults_size(), 0);
  EXPECT_EQ(sound.back().verified_bytes(), sound.back().expected_bytes());
  EXPECT_TRUE(VerifyCustodyProof(sound.back().custody(), made_.delegation()).ok());
  EXPECT_THAT(LastEntry(), AllOf(HasSubstr("evidence.verified"), HasSubstr("intact")));
  made_.Damage(*Digest::FromBytes(bad_.chunk_sha256()));
  std::vector<v1::VerifyProgress> damaged = verify();
  EXPECT_TRUE(damaged.back().finished());
  ASSERT_EQ(damaged.back().faults_size(), 1);
  EXPECT_EQ(damaged.back().faults(0).item_index(), 1u);
  EXPECT_EQ(damaged.back().faults(0).offset_bytes(), 2003u);
  EXPECT_THAT(LastEntry(), HasSubstr("faulty"));
}

TEST_F(EvidenceAccessTest, ItemsAreListedAndFound) {
  std::vector<std::string> paths;
  v1::ListItemsRequest request;
  request.set_acquisition_id(made_.acquisition_id());
  request.set_failed_only(true);
  const auto keep = [&](const v1::ItemRow& row) {
    paths.push_back(row.item().path());
    return absl::OkStatus();
  };
  ASSERT_TRUE(access_.ListItems(Operator("analyst"), request, keep).ok());
  EXPECT_EQ(paths, std::vector<std::string>{"/etc/shadow"});
  request.set_acquisition_id("0000000000000000");
  EXPECT_TRUE(absl::IsNotFound(access_.ListItems(Operator("analyst"), request, keep)));
}

TEST_F(EvidenceAccessTest, TargetsAreListedAllOrOnlyTheFailedOnes) {
  v1::ListTargetsRequest request;
  request.set_acquisition_id(made_.acquisition_id());
  const uint64_t logged = made_.vault().custody().size();
  std::vector<v1::TargetOutcome> all = Targets(request);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].pattern(), "/no/such/*");
  EXPECT_EQ(all[0].matched_items(), 0u);
  EXPECT_FALSE(all[0].has_failure());
  request.set_failed_only(true);
  const std::vector<v1::TargetOutcome> failed = Targets(request);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].pattern(), "/usr/bin/touch /x");
  EXPECT_EQ(failed[0].failure().cause(), v1::CAUSE_COMMAND_NOT_ALLOWED);
  EXPECT_EQ(made_.vault().custody().size(), logged) << "as with items, no evidence was given";
  const auto enough = [](const v1::TargetOutcome&) { return absl::CancelledError("enough"); };
  EXPECT_EQ(access_.ListTargets(Operator("analyst"), request, enough), absl::CancelledError("enough"));
  request.set_acquisition_id("0000000000000000");
  EXPECT_TRUE(absl::IsNotFound(access_.ListTargets(Operator("analyst"), request, nullptr)));
}

TEST_F(EvidenceAccessTest, TargetsInADamagedBodyAreDataLoss) {
  made_.Damage(made_.body_chunks().front());
  v1::ListTargetsRequest request;
  request.set_acquisition_id(made_.acquisition_id());
  const auto ignore = [](const v1::TargetOutcome&) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsDataLoss(access_.ListTargets(Operator("analyst"), request, ignore)));
}

TEST(EvidenceAccessBeforeCommitTest, HasNoTargetsYet) {
  TestingEvidence made;
  Fleet fleet(made.customers(), made.catalog(), made.clock());
  EvidenceAccess access(ServiceContext{made.customers(), made.catalog(), fleet, made.root(), made.clock()});
  const Caller caller = {.kind = Caller::Kind::kOperator,
                         .customer_id = made.vault().customer_id(),
                         .name = "bob",
                         .role = "analyst",
                         .public_key_der = {}};
  v1::ListTargetsRequest request;
  request.set_acquisition_id(made.acquisition_id());
  int targets = 0;
  const absl::Status status = access.ListTargets(caller, request, [&](const v1::TargetOutcome&) {
    ++targets;
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(targets, 0);
}

TEST_F(EvidenceAccessTest, CustodyIsProvedForOneAcquisitionOrAll) {
  v1::GetCustodyRequest request;
  request.set_acquisition_id(made_.acquisition_id());
  made_.vault().custody().Append({.kind = "token.created", .actor = "operator:bob"}).IgnoreError();
  const auto mine = access_.GetCustody(Operator("auditor"), request);
  ASSERT_TRUE(mine.ok()) << mine.status();
  ASSERT_EQ(mine->proofs_size(), 1);
  EXPECT_THAT(mine->proofs(0).entry(), HasSubstr("acquisition.committed"));
  const auto delegation = VerifyDelegation(mine->delegation(), made_.authority().public_key());
  ASSERT_TRUE(delegation.ok());
  request.clear_acquisition_id();
  const auto all = access_.GetCustody(Operator("auditor"), request);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(static_cast<uint64_t>(all->proofs_size()), made_.vault().custody().size());
  for (const v1::CustodyProof& proof : all->proofs()) EXPECT_TRUE(VerifyCustodyProof(proof, *delegation).ok());
  request.set_start_index(made_.vault().custody().size());
  EXPECT_EQ(access_.GetCustody(Operator("auditor"), request)->proofs_size(), 0);

  v1::GetCheckpointRequest checkpoint;
  const auto now = access_.GetCheckpoint(Operator("auditor"), checkpoint);
  ASSERT_TRUE(now.ok());
  EXPECT_TRUE(VerifyCheckpoint(now->checkpoint(), made_.vault().custody_origin(), made_.vault().custody_key()).ok());
  checkpoint.set_from_tree_size(1);
  EXPECT_GT(access_.GetCheckpoint(Operator("auditor"), checkpoint)->consistency_path_size(), 0);
}

TEST_F(EvidenceAccessTest, WhoMayNotReadEvidenceReadsNone) {
  for (const char* role : {"approver", "auditor"}) {
    const Caller caller = Operator(role);
    const uint64_t before = made_.vault().custody().size();
    Answer answer;
    v1::ReadItemRequest read;
    read.set_acquisition_id(made_.acquisition_id());
    EXPECT_TRUE(absl::IsPermissionDenied(access_.ReadItem(caller, read, answer)));
    EXPECT_TRUE(absl::IsPermissionDenied(access_.Export(caller, Format("zip"), answer)));
    EXPECT_TRUE(absl::IsPermissionDenied(access_.ListItems(caller, {}, nullptr)));
    v1::ListTargetsRequest targets;
    targets.set_acquisition_id(made_.acquisition_id());
    EXPECT_TRUE(absl::IsPermissionDenied(access_.ListTargets(caller, targets, nullptr)));
    EXPECT_TRUE(absl::IsPermissionDenied(access_.Verify(caller, {}, nullptr, nullptr)));
    EXPECT_EQ(answer.bytes(), "");
    EXPECT_EQ(made_.vault().custody().size(), before);
  }
}

// A host names its items as it likes, and an entry of the custody log has a limit.
TEST(EvidenceAccess, APathOfAnyLengthDoesNotKeepItsItemFromBeingRead) {
  TestingEvidence made;
  made.AddFile("/" + std::string(100'000, '\x01'), "found anyway");
  made.Commit();
  Fleet fleet(made.customers(), made.catalog(), made.clock());
  EvidenceAccess access(ServiceContext{made.customers(), made.catalog(), fleet, made.root(), made.clock()});
  const Caller analyst{.kind = Caller::Kind::kOperator,
                       .customer_id = made.vault().customer_id(),
                       .name = "bob",
                       .role = "analyst",
                       .public_key_der = {}};
  v1::ReadItemRequest request;
  request.set_acquisition_id(made.acquisition_id());
  Answer answer;
  EXPECT_EQ(access.ReadItem(analyst, request, answer), absl::OkStatus());
  EXPECT_EQ(answer.bytes(), "found anyway");
}

TEST_F(EvidenceAccessTest, AnotherCustomersEvidenceIsNotThere) {
  const auto other = made_.customers().Create("globex");
  ASSERT_TRUE(other.ok());
  Caller caller = Operator("admin");
  caller.customer_id = (*other)->customer_id();
  Answer answer;
  EXPECT_TRUE(absl::IsNotFound(access_.Export(caller, Format("zip"), answer)));
  v1::ReadItemRequest read;
  read.set_acquisition_id(made_.acquisition_id());
  EXPECT_TRUE(absl::IsNotFound(access_.ReadItem(caller, read, answer)));
  v1::ListTargetsRequest targets;
  targets.set_acquisition_id(made_.acquisition_id());
  EXPECT_TRUE(absl::IsNotFound(access_.ListTargets(caller, targets, nullptr)));
  v1::VerifyRequest verify;
  verify.set_acquisition_id(made_.acquisition_id());
  EXPECT_TRUE(absl::IsNotFound(access_.Verify(caller, verify, nullptr, nullptr)));
  EXPECT_EQ(answer.bytes(), "");
}

}  // namespace
}  // namespace hozen
