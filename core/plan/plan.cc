#include "core/plan/plan.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/envelope.h"
#include "core/plan/glob.h"
#include "core/plan/state_kinds.h"
#include "core/plan/wmi_query.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace hozen {
namespace {

constexpr uint32_t kFormatVersion = 1;
constexpr int kMaxHosts = 100'000;
constexpr int kMaxApprovals = 64;
constexpr int kMaxArguments = 64;
constexpr size_t kMaxNameSizeBytes = 256;
constexpr size_t kMaxReasonSizeBytes = 4096;
constexpr size_t kMaxPathSizeBytes = 4096;
constexpr absl::Duration kMaxLifetime = absl::Hours(24 * 90);
constexpr absl::Duration kMaxClockSkew = absl::Hours(24);
// Certificates and approvals are some hundred bytes.
constexpr size_t kMaxSmallPayloadSizeBytes = 64 << 10;

// Of the message, or of one in it. A plan of a later version that orders more than this one knows of must not be
// carried out in part: what was meant for a disk would be done to the host.
bool HasUnknownFields(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection.GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection.GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

absl::Status CheckText(std::string_view what, std::string_view text, size_t limit) {
  if (text.empty()) return absl::InvalidArgumentError(Concat(what, " is empty"));
  if (text.size() > limit) {
    return absl::InvalidArgumentError(Concat(what, " is ", text.size(), " bytes long, the limit is ", limit));
  }
  if (text.find('\0') != std::string_view::npos) return absl::InvalidArgumentError(Concat(what, " holds a NUL byte"));
  return absl::OkStatus();
}

absl::Status CheckCommand(const v1::Target::Command& command) {
  HOZEN_RETURN_IF_ERROR(CheckText("its command", command.command(), kMaxPathSizeBytes));
  if (command.arguments_size() > kMaxArguments) {
    return absl::InvalidArgumentError(
        Concat("its command has ", command.arguments_size(), " arguments, the limit is ", kMaxArguments));
  }
  for (const std::string& argument : command.arguments()) {
    // An argument may be empty, so CheckText would be wrong.
    if (argument.size() > kMaxPathSizeBytes || argument.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError("an argument of its command is too long or holds a NUL byte");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDisk(const v1::Target::Disk& disk) {
  HOZEN_RETURN_IF_ERROR(CheckText("its disk's path", disk.path(), kMaxPathSizeBytes));
  if (disk.order() != "" && disk.order() != "linear" && disk.order() != "value") {
    return absl::InvalidArgumentError(
        Concat("its order \"", Printable(disk.order()), "\" is unknown; this version knows \"linear\" and \"value\""));
  }
  if (disk.scope() != "" && disk.scope() != "all" && disk.scope() != "allocated") {
    return absl::InvalidArgumentError(
        Concat("its scope \"", Printable(disk.scope()), "\" is unknown; this version knows \"all\" and \"allocated\""));
  }
  if (disk.partition() != 0 && disk.range_size_bytes() != 0) {
    return absl::InvalidArgumentError("it names a partition and a range; one of them is enough");
  }
  if (disk.range_offset_bytes() != 0 && disk.range_size_bytes() == 0) {
    return absl::InvalidArgumentError("it names where a range begins and not how long it is");
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const v1::Target::PathPattern& files) {
  if (files.deleted() && files.access() == v1::ACCESS_SYSTEM) {
    return absl::InvalidArgumentError("the system does not show deleted files; they are found raw");
  }
  if (!v1::Access_IsValid(files.access())) return absl::InvalidArgumentError("its way to files is unknown");
  return CheckPattern(files.pattern(), files.separator());
}

absl::Status CheckRegistry(const v1::Target::RegistryPattern& registry) {
  if (registry.value().size() > kMaxNameSizeBytes) return absl::InvalidArgumentError("its value's name is too long");
  // A key is a path below one of the roots that hives stand for.
  return CheckPattern(Concat("\\", registry.key()), "\\");
}

absl::Status CheckTarget(const v1::Target& target) {
  if (target.artifact().size() > kMaxNameSizeBytes)
    return absl::InvalidArgumentError("its artifact's name is too long");
  switch (target.what_case()) {
    case v1::Target::kFile:
      return CheckFiles(target.file());
    case v1::Target::kPath:
      return CheckFiles(target.path());
    case v1::Target::kCommand:
      return CheckCommand(target.command());
    case v1::Target::kDisk:
      return CheckDisk(target.disk());
    case v1::Target::kState:
      if (StateKindName(target.state().kind()).empty()) {
        return absl::InvalidArgumentError("its kind of volatile state is unknown");
      }
      return absl::OkStatus();
    case v1::Target::kListing:
      return CheckText("the path of its listing", target.listing().path(), kMaxPathSizeBytes);
    case v1::Target::kRegistry:
      return CheckRegistry(target.registry());
    case v1::Target::kWmi: {
      const std::string reason = WhyNotWmiQuery(target.wmi());
      return reason.empty() ? absl::OkStatus() : absl::InvalidArgumentError(reason);
    }
    case v1::Target::WHAT_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("it says nothing that this version could collect");
}

absl::Status CheckOfflineDisk(const v1::Plan& plan) {
  if (!plan.has_offline_disk()) return absl::OkStatus();
  HOZEN_RETURN_IF_ERROR(CheckText("its offline disk's path", plan.offline_disk().path(), kMaxPathSizeBytes));
  for (const v1::Target& target : plan.targets()) {
    if (target.has_file() || target.has_path() || target.has_registry()) continue;
    return absl::InvalidArgumentError("of an offline disk there are files and registries, nothing that runs");
  }
  return absl::OkStatus();
}

absl::Status CheckTargets(const v1::Plan& plan) {
  if (plan.targets().empty()) return absl::InvalidArgumentError("a plan needs at least one target");
  if (plan.targets_size() > kMaxPlanTargets) {
    return absl::InvalidArgumentError(
        Concat("a plan may have ", kMaxPlanTargets, " targets, this one has ", plan.targets_size()));
  }
  for (int i = 0; i < plan.targets_size(); ++i) {
    if (absl::Status status = CheckTarget(plan.targets(i)); !status.ok()) {
      return WithContext(status, Concat("target ", i));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckHosts(const v1::Plan& plan) {
  if (plan.host_ids().empty()) return absl::InvalidArgumentError("a plan needs at least one host");
  if (plan.host_ids_size() > kMaxHosts) {
    return absl::InvalidArgumentError(
        Concat("a plan may be for ", kMaxHosts, " hosts, this one is for ", plan.host_ids_size()));
  }
  std::set<std::string_view> seen;
  for (const std::string& host : plan.host_ids()) {
    HOZEN_RETURN_IF_ERROR(CheckText("a host's id", host, kMaxNameSizeBytes));
    if (!seen.insert(host).second) {
      return absl::InvalidArgumentError(Concat("the host ", Printable(host), " stands in the plan twice"));
    }
  }
  return absl::OkStatus();
}

bool IsPlanId(std::string_view id) {
  return id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

absl::Status CheckOperatorCertificate(const v1::OperatorCertificate& certificate) {
  if (certificate.format_version() != kFormatVersion) {
    return absl::InvalidArgumentError(
        Concat("it is of format version ", certificate.format_version(), ", this version reads ", kFormatVersion));
  }
  HOZEN_RETURN_IF_ERROR(CheckText("its customer", certificate.customer_id(), kMaxNameSizeBytes));
  HOZEN_RETURN_IF_ERROR(CheckText("its name", certificate.name(), kMaxNameSizeBytes));
  if (!IsRole(certificate.role())) {
    return absl::InvalidArgumentError(Concat("its role \"", Printable(certificate.role()), "\" is unknown"));
  }
  if (certificate.not_before_unix_ns() > certificate.not_after_unix_ns()) {
    return absl::InvalidArgumentError("it ends before it begins");
  }
  return PublicKey::FromDer(certificate.public_key()).status();
}

// The message in a payload, once the envelope's signature holds: whoever is not trusted decides nothing before that.
template <typename Message>
absl::StatusOr<Message> Open(const v1::Envelope& envelope, std::string_view type, const PublicKey& key, size_t limit) {
  if (envelope.payload().size() > limit) {
    return absl::InvalidArgumentError(Concat("its payload is over the limit of ", limit, " bytes"));
  }
  HOZEN_RETURN_IF_ERROR(VerifyEnvelope(envelope, type, key));
  Message message;
  if (!message.ParseFromString(envelope.payload())) {
    return absl::InvalidArgumentError("its payload is signed but cannot be parsed");
  }
  return message;
}

struct Author {
  std::string name;
  PublicKey key;
};

// The person behind an approval that counts.
absl::StatusOr<Author> VerifyApproval(const v1::SignedApproval& signed_approval, const Digest& plan_digest,
                                      const PublicKey& authority, std::string_view customer_id, absl::Time now) {
  HOZEN_ASSIGN_OR_RETURN(
      v1::OperatorCertificate certificate,
      VerifyOperatorCertificate(signed_approval.approver_certificate(), authority, customer_id, now));
  if (certificate.role() != "approver" && certificate.role() != "admin") {
    return absl::PermissionDeniedError(
        Concat(Printable(certificate.name()), " is ", certificate.role(), ", which may not approve"));
  }
  HOZEN_ASSIGN_OR_RETURN(PublicKey key, PublicKey::FromDer(certificate.public_key()));
  HOZEN_ASSIGN_OR_RETURN(v1::Approval approval,
                         Open<v1::Approval>(signed_approval.approval(), kApprovalType, key, kMaxSmallPayloadSizeBytes));
  if (approval.plan_sha256() != plan_digest.bytes()) {
    return absl::PermissionDeniedError(
        Concat("the approval by ", Printable(certificate.name()), " is of another plan"));
  }
  if (approval.operator_name() != certificate.name()) {
    return absl::PermissionDeniedError(
        Concat("the approval by ", Printable(certificate.name()), " names somebody else as its author"));
  }
  if (absl::FromUnixNanos(approval.approved_unix_ns()) > now + kMaxClockSkew) {
    return absl::FailedPreconditionError(
        Concat("the approval by ", Printable(certificate.name()), " is dated in the future; check the clocks"));
  }
  return Author{certificate.name(), std::move(key)};
}

// A name or a key that counted once, or that is the author's, does not count again. An approval that does not hold is
// as good as none: it must not stop a plan that has enough without it.
absl::Status CheckApprovals(const v1::SignedPlan& signed_plan, Author author, const PublicKey& authority,
                            const PlanExpectation& expectation) {
  if (expectation.approvals == 0) return absl::OkStatus();
  const Digest digest = PlanDigest(signed_plan);
  std::vector<Author> people{std::move(author)};
  std::string refused;
  for (int i = 0; i < std::min(signed_plan.approvals_size(), kMaxApprovals); ++i) {
    absl::StatusOr<Author> approver =
        VerifyApproval(signed_plan.approvals(i), digest, authority, expectation.customer_id, expectation.now);
    if (!approver.ok()) {
      if (refused.empty()) refused = Concat("; one does not count: ", StdView(approver.status().message()));
      continue;
    }
    const bool known = std::any_of(people.begin(), people.end(), [&](const Author& other) {
      return other.name == approver->name || other.key == approver->key;
    });
    if (!known) people.push_back(*std::move(approver));
  }
  if (people.size() - 1 >= expectation.approvals) return absl::OkStatus();
  return absl::PermissionDeniedError(Concat("the host asks for ", expectation.approvals,
                                            " approvals by people other than the author, the plan has ",
                                            people.size() - 1, refused));
}

absl::Status CheckTimes(const v1::Plan& plan, absl::Time now) {
  const absl::Time deadline = absl::FromUnixNanos(plan.limits().deadline_unix_ns());
  if (deadline <= now) {
    return absl::DeadlineExceededError(
        Concat("the plan's deadline ", absl::FormatTime(deadline, absl::UTCTimeZone()), " has passed; order it again"));
  }
  if (deadline > now + kMaxLifetime) {
    return absl::InvalidArgumentError("the plan's deadline is more than 90 days ahead; order it with an earlier one");
  }
  if (absl::FromUnixNanos(plan.created_unix_ns()) > now + kMaxClockSkew) {
    return absl::FailedPreconditionError("the plan was made more than a day in the future; check the clocks");
  }
  return absl::OkStatus();
}

absl::Status CheckFor(const v1::Plan& plan, const v1::OperatorCertificate& author, const PlanExpectation& expectation) {
  if (plan.operator_name() != author.name()) {
    return absl::PermissionDeniedError("the plan names somebody else than its signer as its author");
  }
  if (plan.customer_id() != expectation.customer_id) {
    return absl::PermissionDeniedError("the plan is of another customer");
  }
  const auto& hosts = plan.host_ids();
  if (!expectation.host_id.empty() && std::find(hosts.begin(), hosts.end(), expectation.host_id) == hosts.end()) {
    return absl::PermissionDeniedError(Concat("the plan is for other hosts than ", Printable(expectation.host_id)));
  }
  return CheckTimes(plan, expectation.now);
}

}  // namespace

bool IsRole(std::string_view role) { return std::find(std::begin(kRoles), std::end(kRoles), role) != std::end(kRoles); }

bool MayOrder(std::string_view role) { return role == "responder" || role == "admin"; }

absl::StatusOr<v1::Envelope> SignOperatorCertificate(const v1::OperatorCertificate& certificate,
                                                     const PrivateKey& authority) {
  HOZEN_RETURN_IF_ERROR(WithContext(CheckOperatorCertificate(certificate), "operator certificate"));
  return SignEnvelope(kOperatorCertificateType, certificate.SerializeAsString(), authority);
}

absl::StatusOr<v1::OperatorCertificate> VerifyOperatorCertificate(const v1::Envelope& envelope,
                                                                  const PublicKey& authority,
                                                                  std::string_view customer_id, absl::Time now) {
  absl::StatusOr<v1::OperatorCertificate> certificate =
      Open<v1::OperatorCertificate>(envelope, kOperatorCertificateType, authority, kMaxSmallPayloadSizeBytes);
  if (!certificate.ok()) return WithContext(certificate.status(), "operator certificate");
  HOZEN_RETURN_IF_ERROR(WithContext(CheckOperatorCertificate(*certificate), "operator certificate"));
  if (certificate->customer_id() != customer_id) {
    return absl::PermissionDeniedError("operator certificate: it is of another customer");
  }
  const absl::Time begin = absl::FromUnixNanos(certificate->not_before_unix_ns());
  const absl::Time end = absl::FromUnixNanos(certificate->not_after_unix_ns());
  if (now < begin || now > end) {
    return absl::FailedPreconditionError(Concat("operator certificate: ", Printable(certificate->name()),
                                                "'s is valid from ", absl::FormatTime(begin, absl::UTCTimeZone()),
                                                " to ", absl::FormatTime(end, absl::UTCTimeZone()),
                                                "; an admin can issue a new one, or a clock is wrong"));
  }
  return certificate;
}

absl::StatusOr<v1::SignedPlan> SignPlan(const v1::Plan& plan, const PrivateKey& operator_key,
                                        v1::Envelope operator_certificate) {
  HOZEN_RETURN_IF_ERROR(CheckPlan(plan));
  v1::OperatorCertificate certificate;
  if (!certificate.ParseFromString(operator_certificate.payload()) ||
      certificate.public_key() != operator_key.public_key().ToDer()) {
    return absl::InvalidArgumentError("the operator certificate is not of the key that is to sign the plan");
  }
  if (certificate.name() != plan.operator_name() || certificate.customer_id() != plan.customer_id()) {
    return absl::InvalidArgumentError("the plan names another operator or customer than the operator certificate");
  }
  v1::SignedPlan signed_plan;
  HOZEN_ASSIGN_OR_RETURN(*signed_plan.mutable_plan(), SignEnvelope(kPlanType, plan.SerializeAsString(), operator_key));
  *signed_plan.mutable_operator_certificate() = std::move(operator_certificate);
  return signed_plan;
}

absl::StatusOr<v1::SignedApproval> SignApproval(const v1::SignedPlan& signed_plan, std::string_view approver_name,
                                                absl::Time now, const PrivateKey& approver_key,
                                                v1::Envelope approver_certificate) {
  v1::Approval approval;
  approval.set_plan_sha256(std::string(PlanDigest(signed_plan).bytes()));
  approval.set_operator_name(std::string(approver_name));
  approval.set_approved_unix_ns(absl::ToUnixNanos(now));
  v1::SignedApproval signed_approval;
  HOZEN_ASSIGN_OR_RETURN(*signed_approval.mutable_approval(),
                         SignEnvelope(kApprovalType, approval.SerializeAsString(), approver_key));
  *signed_approval.mutable_approver_certificate() = std::move(approver_certificate);
  return signed_approval;
}

absl::Status CheckPattern(std::string_view pattern, std::string_view separator) {
  if (separator != "/" && separator != "\\") {
    return absl::InvalidArgumentError("the separator of a pattern must be / or \\");
  }
  std::string fixed;
  std::string_view rest = pattern;
  for (size_t begin = rest.find("%%"); begin != std::string_view::npos; begin = rest.find("%%")) {
    const size_t end = rest.find("%%", begin + 2);
    const std::string_view name = end == std::string_view::npos ? "" : rest.substr(begin + 2, end - begin - 2);
    if (name.empty() || !std::all_of(name.begin(), name.end(),
                                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.'; })) {
      return absl::InvalidArgumentError(
          Concat("\"", Printable(pattern), "\" has %% without a variable's name and its closing %%"));
    }
    fixed.append(rest.substr(0, begin));
    // What a variable stands for at the start of a pattern is an absolute path.
    fixed.append(fixed.empty() ? Concat(separator, "x") : "x");
    rest.remove_prefix(end + 2);
  }
  fixed.append(rest);
  return Glob::Parse(fixed, separator[0], false).status();
}

absl::Status CheckPlan(const v1::Plan& plan) {
  if (plan.format_version() != kFormatVersion) {
    return absl::InvalidArgumentError(
        Concat("plan: it is of format version ", plan.format_version(), ", this version reads ", kFormatVersion));
  }
  if (HasUnknownFields(plan)) {
    return absl::InvalidArgumentError(
        "plan: it orders something that this version does not know; update what reads it");
  }
  if (!IsPlanId(plan.plan_id())) {
    return absl::InvalidArgumentError("plan: its id is not 16 lower-case hexadecimal digits");
  }
  HOZEN_RETURN_IF_ERROR(WithContext(CheckText("its customer", plan.customer_id(), kMaxNameSizeBytes), "plan"));
  HOZEN_RETURN_IF_ERROR(WithContext(CheckText("its operator", plan.operator_name(), kMaxNameSizeBytes), "plan"));
  if (plan.reason().size() > kMaxReasonSizeBytes) {
    return absl::InvalidArgumentError(Concat("plan: its reason is over the limit of ", kMaxReasonSizeBytes, " bytes"));
  }
  if (plan.limits().deadline_unix_ns() <= 0) return absl::InvalidArgumentError("plan: it has no deadline");
  if (plan.created_unix_ns() <= 0) return absl::InvalidArgumentError("plan: it does not say when it was made");
  HOZEN_RETURN_IF_ERROR(WithContext(CheckHosts(plan), "plan"));
  HOZEN_RETURN_IF_ERROR(WithContext(CheckTargets(plan), "plan"));
  HOZEN_RETURN_IF_ERROR(WithContext(CheckOfflineDisk(plan), "plan"));
  if (const size_t size = plan.ByteSizeLong(); size > kMaxPlanSizeBytes) {
    return absl::InvalidArgumentError(Concat("plan: it is ", size, " bytes long, the limit is ", kMaxPlanSizeBytes,
                                             "; order fewer things at a time"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Plan> VerifyPlan(const v1::SignedPlan& signed_plan, const PublicKey& authority,
                                    const PlanExpectation& expectation) {
  HOZEN_ASSIGN_OR_RETURN(v1::OperatorCertificate author,
                         VerifyOperatorCertificate(signed_plan.operator_certificate(), authority,
                                                   expectation.customer_id, expectation.now));
  if (!MayOrder(author.role())) {
    return absl::PermissionDeniedError(
        Concat("plan: ", Printable(author.name()), " is ", author.role(), ", which may not order"));
  }
  HOZEN_ASSIGN_OR_RETURN(PublicKey key, PublicKey::FromDer(author.public_key()));
  absl::StatusOr<v1::Plan> plan = Open<v1::Plan>(signed_plan.plan(), kPlanType, key, kMaxPlanSizeBytes);
  if (!plan.ok()) return WithContext(plan.status(), "plan");
  HOZEN_RETURN_IF_ERROR(CheckPlan(*plan));
  HOZEN_RETURN_IF_ERROR(CheckFor(*plan, author, expectation));
  HOZEN_RETURN_IF_ERROR(CheckApprovals(signed_plan, Author{author.name(), std::move(key)}, authority, expectation));
  return plan;
}

Digest PlanDigest(const v1::SignedPlan& signed_plan) { return Sha256::Of(signed_plan.plan().payload()); }

std::string AcquisitionId(const Digest& plan_digest, std::string_view host_id) {
  Sha256 sha256;
  sha256.Update(plan_digest.bytes());
  sha256.Update(host_id);
  return sha256.Finish().ToHex().substr(0, 16);
}

}  // namespace hozen
