// A plan that reaches an agent: nothing of it is believed unless the authority's and the operator's signatures hold.
#include <cstdlib>

#include "core/plan/plan.h"
#include "tests/fuzz/fuzz_target.h"

namespace {

struct World {
  hozen::PrivateKey authority = *hozen::PrivateKey::Generate(hozen::KeyType::kEd25519);
  hozen::PrivateKey person = *hozen::PrivateKey::Generate(hozen::KeyType::kEcdsaP256);
  absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  std::string good;

  World() {
    hozen::v1::OperatorCertificate certificate;
    certificate.set_format_version(1);
    certificate.set_customer_id("c");
    certificate.set_name("alice");
    certificate.set_role("responder");
    certificate.set_public_key(person.public_key().ToDer());
    certificate.set_not_before_unix_ns(absl::ToUnixNanos(now - absl::Hours(1)));
    certificate.set_not_after_unix_ns(absl::ToUnixNanos(now + absl::Hours(1)));
    hozen::v1::Plan plan;
    plan.set_format_version(1);
    plan.set_plan_id("0123456789abcdef");
    plan.set_customer_id("c");
    plan.add_host_ids("h");
    plan.add_targets()->mutable_file()->set_pattern("/etc/**");
    plan.mutable_targets(0)->mutable_file()->set_separator("/");
    plan.mutable_limits()->set_deadline_unix_ns(absl::ToUnixNanos(now + absl::Hours(1)));
    plan.set_created_unix_ns(absl::ToUnixNanos(now));
    plan.set_operator_name("alice");
    const auto signed_plan = hozen::SignPlan(plan, person, *hozen::SignOperatorCertificate(certificate, authority));
    if (!signed_plan.ok()) std::abort();
    good = signed_plan->SerializeAsString();
  }
};

const World& TheWorld() {
  static const World world;
  return world;
}

}  // namespace

std::vector<std::string> HozenFuzzSeeds() { return {TheWorld().good}; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const World& world = TheWorld();
  hozen::v1::SignedPlan signed_plan;
  if (!signed_plan.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto plan = hozen::VerifyPlan(signed_plan, world.authority.public_key(),
                                      {.customer_id = "c", .host_id = "h", .now = world.now, .approvals = 0});
  if (!plan.ok()) return 0;
  hozen::v1::SignedPlan good;
  good.ParseFromString(world.good);
  if (signed_plan.plan().payload() != good.plan().payload()) std::abort();
  return 0;
}
