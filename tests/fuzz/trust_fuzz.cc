// Certificates, requests, checkpoints and proofs, as they come out of a bundle from anyone.
#include <cstdlib>

#include "core/crypto/certificate.h"
#include "core/evidence/checkpoint.h"
#include "core/evidence/trust.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

struct World {
  hozen::PrivateKey log = *hozen::PrivateKey::Generate(hozen::KeyType::kEd25519);
  hozen::CertificateAuthority ca = *hozen::CertificateAuthority::CreateRoot(
      "root", absl::FromUnixSeconds(1'700'000'000), absl::FromUnixSeconds(1'900'000'000));
  hozen::Checkpoint checkpoint{.origin = "log.example/c", .tree_size = 7, .root = hozen::Sha256::Of("root")};
  std::string note = *hozen::SignCheckpoint(checkpoint, log);
};

const World& TheWorld() {
  static const World world;
  return world;
}

}  // namespace

std::vector<std::string> HozenFuzzSeeds() {
  const World& world = TheWorld();
  return {world.note, world.ca.certificate().ToPem(), world.ca.certificate().ToDer(),
          hozen::CertificateRequest::Create(*hozen::PrivateKey::Generate(hozen::KeyType::kEcdsaP256), "host")->ToDer(),
          world.log.public_key().ToDer()};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const World& world = TheWorld();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto checkpoint = hozen::VerifyCheckpoint(bytes, world.checkpoint.origin, world.log.public_key());
  if (checkpoint.ok() &&
      (checkpoint->tree_size != world.checkpoint.tree_size || checkpoint->root != world.checkpoint.root)) {
    std::abort();
  }
  static_cast<void>(hozen::Certificate::FromPem(bytes));
  static_cast<void>(hozen::Certificate::ChainFromPem(bytes));
  static_cast<void>(hozen::CertificateRequest::FromDer(bytes));
  static_cast<void>(hozen::PublicKey::FromDer(bytes));
  static_cast<void>(hozen::PublicKey::FromPem(bytes));
  if (const auto certificate = hozen::Certificate::FromDer(bytes); certificate.ok()) {
    static_cast<void>(certificate->uri());
    static_cast<void>(certificate->dns_names());
    static_cast<void>(certificate->common_name());
    static_cast<void>(certificate->public_key());
    static_cast<void>(hozen::SubjectOfUri(certificate->uri()));
  }
  hozen::v1::Delegation delegation;
  delegation.set_customer_id("c");
  static_cast<void>(hozen::VerifyHostChain(bytes, delegation));
  return 0;
}
