// The signatures and proofs that travel with evidence, checked from the customer's public key alone. Steps 1, 4 and 5
// of "Verifying a zip" in docs/formats/bundle.md; the same for every kind of bundle.
#ifndef HOZEN_TOOLS_HOZEN_PROOF_CHAIN_H_
#define HOZEN_TOOLS_HOZEN_PROOF_CHAIN_H_

#include <string>

#include "core/crypto/key.h"
#include "tools/hozen/bundle_report.h"

namespace hozen {

// The parts as they stand in the bundle.
struct BundleProofs {
  std::string manifest;    // Envelope
  std::string plan;        // SignedPlan
  std::string host_chain;  // PEM
  std::string delegation;  // Envelope
  std::string custody;     // CustodyBundle
};

// Fills the report's delegation, manifest, plan and custody, or adds what is wrong. True where the manifest may be
// believed: without it nothing else in the bundle means anything.
bool VerifyProofs(const BundleProofs& proofs, const PublicKey& authority, BundleReport& report);

}  // namespace hozen

#endif  // HOZEN_TOOLS_HOZEN_PROOF_CHAIN_H_
