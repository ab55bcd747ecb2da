#include "core/evidence/trust.h"

#include <utility>
#include <vector>

#include "core/base/concat.h"
#include "core/base/printable.h"
#include "core/base/status_context.h"
#include "core/base/status_macros.h"
#include "core/crypto/envelope.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/map.h"
#include "core/evidence/merkle.h"

namespace hozen {
namespace {

constexpr uint32_t kFormatVersion = 1;
constexpr std::string_view kScheme = "hozen://";
// No customer has this name: it stands where a customer would in the URIs of those who belong to none.
constexpr std::string_view kService = "service";

absl::Status CheckVersion(uint32_t version) {
  if (version == kFormatVersion) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Concat("it is of format version ", version, ", this version reads ", kFormatVersion));
}

absl::Status CheckDelegation(const v1::Delegation& delegation) {
  HOZEN_RETURN_IF_ERROR(CheckVersion(delegation.format_version()));
  if (delegation.customer_id().empty()) return absl::InvalidArgumentError("it names no customer");
  if (delegation.custody_log_origin().empty()) return absl::InvalidArgumentError("it names no custody log");
  HOZEN_RETURN_IF_ERROR(
      WithContext(PublicKey::FromDer(delegation.host_ca_public_key()).status(), "its host authority's key"));
  return WithContext(PublicKey::FromRawEd25519(delegation.custody_log_key()).status(), "its custody log's key");
}

absl::Status CheckBodyMap(const v1::Manifest& manifest) {
  HOZEN_RETURN_IF_ERROR(WithContext(Digest::FromBytes(manifest.body_sha256()).status(), "its body's SHA-256"));
  for (const v1::Extent& extent : manifest.body_extents()) {
    HOZEN_RETURN_IF_ERROR(WithContext(CheckExtent(extent), "its body's map"));
    if (extent.kind() != v1::Extent::KIND_CHUNK && extent.kind() != v1::Extent::KIND_ZEROS) {
      return absl::InvalidArgumentError("its body has parts that were not stored");
    }
  }
  if (SizeOf(manifest.body_extents()) != manifest.body_size_bytes()) {
    return absl::InvalidArgumentError(Concat("its body's map covers ", SizeOf(manifest.body_extents()),
                                             " bytes, its size is ", manifest.body_size_bytes()));
  }
  return absl::OkStatus();
}

absl::Status CheckManifest(const v1::Manifest& manifest) {
  HOZEN_RETURN_IF_ERROR(CheckVersion(manifest.format_version()));
  if (manifest.acquisition_id().empty()) return absl::InvalidArgumentError("it names no acquisition");
  HOZEN_RETURN_IF_ERROR(WithContext(Digest::FromBytes(manifest.plan_sha256()).status(), "its plan's SHA-256"));
  return CheckBodyMap(manifest);
}

// The message in a payload, once the envelope's signature holds.
template <typename Message>
absl::StatusOr<Message> Open(const v1::Envelope& envelope, std::string_view type, const PublicKey& key) {
  HOZEN_RETURN_IF_ERROR(VerifyEnvelope(envelope, type, key));
  Message message;
  if (!message.ParseFromString(envelope.payload())) {
    return absl::InvalidArgumentError("its payload is signed but cannot be parsed");
  }
  return message;
}

bool IsUnreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// RFC 3986 section 2.1: names may be in any script, URIs in certificates are ASCII.
std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsUnreserved(byte)) {
      encoded += c;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

// Nullopt for anything that PercentEncode does not make, so that each name has one spelling.
std::optional<std::string> PercentDecode(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
    decoded += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  if (decoded.empty() || PercentEncode(decoded) != text) return std::nullopt;
  return decoded;
}

absl::Status CheckProof(const v1::CustodyProof& proof, const v1::Delegation& delegation) {
  if (proof.entry().empty() || proof.entry().size() > kMaxLogEntryBytes) {
    return absl::DataLossError(
        Concat("its entry has ", proof.entry().size(), " bytes; there are from 1 to ", kMaxLogEntryBytes));
  }
  HOZEN_ASSIGN_OR_RETURN(const PublicKey key, PublicKey::FromRawEd25519(delegation.custody_log_key()));
  HOZEN_ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                         VerifyCheckpoint(proof.checkpoint(), delegation.custody_log_origin(), key));
  if (checkpoint.tree_size != proof.tree_size()) {
    return absl::DataLossError(
        Concat("its checkpoint is of ", checkpoint.tree_size, " entries, it says ", proof.tree_size()));
  }
  std::vector<Digest> path;
  for (const std::string& hash : proof.inclusion_path()) {
    HOZEN_ASSIGN_OR_RETURN(path.emplace_back(), Digest::FromBytes(hash));
  }
  return VerifyInclusion(LeafHash(proof.entry()), proof.leaf_index(), proof.tree_size(), path, checkpoint.root);
}

}  // namespace

absl::StatusOr<v1::Envelope> SignManifest(const v1::Manifest& manifest, const PrivateKey& host_key) {
  HOZEN_RETURN_IF_ERROR(WithContext(CheckManifest(manifest), "manifest"));
  return SignEnvelope(kManifestType, manifest.SerializeAsString(), host_key);
}

absl::StatusOr<v1::Envelope> SignDelegation(const v1::Delegation& delegation, const PrivateKey& authority) {
  HOZEN_RETURN_IF_ERROR(WithContext(CheckDelegation(delegation), "delegation"));
  return SignEnvelope(kDelegationType, delegation.SerializeAsString(), authority);
}

absl::StatusOr<v1::Delegation> VerifyDelegation(const v1::Envelope& envelope, const PublicKey& authority) {
  absl::StatusOr<v1::Delegation> delegation = Open<v1::Delegation>(envelope, kDelegationType, authority);
  if (!delegation.ok()) return WithContext(delegation.status(), "delegation");
  HOZEN_RETURN_IF_ERROR(WithContext(CheckDelegation(*delegation), "delegation"));
  return delegation;
}

absl::StatusOr<HostIdentity> VerifyHostChain(std::string_view chain_pem, const v1::Delegation& delegation) {
  HOZEN_ASSIGN_OR_RETURN(const std::vector<Certificate> chain, Certificate::ChainFromPem(chain_pem));
  if (chain.size() < 2) {
    return absl::InvalidArgumentError("host certificate: its chain must hold it and the customer's host authority");
  }
  const Certificate& leaf = chain[0];
  const Certificate& issuer = chain[1];
  HOZEN_ASSIGN_OR_RETURN(const PublicKey issuer_key, issuer.public_key());
  HOZEN_ASSIGN_OR_RETURN(const PublicKey delegated, PublicKey::FromDer(delegation.host_ca_public_key()));
  if (!(issuer_key == delegated)) {
    return absl::PermissionDeniedError("host certificate: it was issued by an authority of another customer");
  }
  if (absl::Status status = leaf.VerifySignedBy(issuer); !status.ok()) {
    return absl::DataLossError(
        Concat("host certificate: the customer's authority did not sign it: ", StdView(status.message())));
  }
  std::optional<Subject> subject = SubjectOfUri(leaf.uri());
  if (!subject.has_value() || subject->kind != Subject::Kind::kHost || leaf.is_authority()) {
    return absl::PermissionDeniedError("host certificate: it does not speak for a host");
  }
  if (subject->customer_id != delegation.customer_id()) {
    return absl::PermissionDeniedError("host certificate: it speaks for a host of another customer");
  }
  HOZEN_ASSIGN_OR_RETURN(PublicKey key, leaf.public_key());
  return HostIdentity{std::move(subject->customer_id), std::move(subject->name), std::move(key)};
}

absl::StatusOr<v1::Manifest> VerifyManifest(const v1::Envelope& envelope, const HostIdentity& host) {
  absl::StatusOr<v1::Manifest> manifest = Open<v1::Manifest>(envelope, kManifestType, host.key);
  if (!manifest.ok()) return WithContext(manifest.status(), "manifest");
  HOZEN_RETURN_IF_ERROR(WithContext(CheckManifest(*manifest), "manifest"));
  if (manifest->customer_id() != host.customer_id) {
    return absl::InvalidArgumentError("manifest: it names another customer than its signer's");
  }
  if (manifest->host_id() != host.host_id) {
    return absl::InvalidArgumentError(Concat("manifest: it was signed by host ", Printable(host.host_id),
                                             " and names host ", Printable(manifest->host_id())));
  }
  return manifest;
}

absl::Status VerifyCustodyProof(const v1::CustodyProof& proof, const v1::Delegation& delegation) {
  absl::Status status = CheckProof(proof, delegation);
  if (status.ok()) return status;
  return absl::DataLossError(Concat("custody proof: ", StdView(status.message())));
}

std::string HostUri(std::string_view customer_id, std::string_view host_id) {
  return Concat(kScheme, PercentEncode(customer_id), "/host/", PercentEncode(host_id));
}

std::string OperatorUri(std::string_view customer_id, std::string_view name) {
  return Concat(kScheme, PercentEncode(customer_id), "/operator/", PercentEncode(name));
}

std::string ServiceAdminUri(std::string_view name) { return Concat(kScheme, kService, "/admin/", PercentEncode(name)); }

std::optional<Subject> SubjectOfUri(std::string_view uri) {
  if (uri.substr(0, kScheme.size()) != kScheme) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  const size_t first = uri.find('/');
  const size_t second = first == std::string_view::npos ? first : uri.find('/', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::optional<std::string> customer_id = PercentDecode(uri.substr(0, first));
  const std::string_view kind = uri.substr(first + 1, second - first - 1);
  const std::optional<std::string> name = PercentDecode(uri.substr(second + 1));
  if (!customer_id.has_value() || !name.has_value()) return std::nullopt;
  if (*customer_id == kService) {
    if (kind != "admin") return std::nullopt;
    return Subject{Subject::Kind::kServiceAdmin, "", *name};
  }
  if (kind == "host") return Subject{Subject::Kind::kHost, *customer_id, *name};
  if (kind == "operator") return Subject{Subject::Kind::kOperator, *customer_id, *name};
  return std::nullopt;
}

}  // namespace hozen
