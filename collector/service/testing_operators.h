// A collector's rooms with one customer, and operators who call it. For tests of this room.
#ifndef HOZEN_COLLECTOR_SERVICE_TESTING_OPERATORS_H_
#define HOZEN_COLLECTOR_SERVICE_TESTING_OPERATORS_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "collector/access/caller.h"
#include "collector/export/testing_evidence.h"
#include "collector/service/service_context.h"

namespace hozen {

class TestingOperators : public ::testing::Test {
 protected:
  Caller Operator(std::string name, std::string role, const PrivateKey& key) {
    return {.kind = Caller::Kind::kOperator,
            .customer_id = made_.vault().customer_id(),
            .name = std::move(name),
            .role = std::move(role),
            .public_key_der = key.public_key().ToDer()};
  }
  // Who signs made_.PlanOf.
  Caller Alice() { return Operator("alice", "responder", made_.alices_key()); }

  TestingEvidence made_;
  Fleet fleet_{made_.customers(), made_.catalog(), made_.clock()};
  const ServiceContext context_{made_.customers(), made_.catalog(), fleet_, made_.root(), made_.clock()};
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_TESTING_OPERATORS_H_
