// What the operators' services stand on.
#ifndef HOZEN_COLLECTOR_SERVICE_SERVICE_CONTEXT_H_
#define HOZEN_COLLECTOR_SERVICE_SERVICE_CONTEXT_H_

#include "collector/access/customers.h"
#include "collector/catalog/catalog.h"
#include "collector/fleet/fleet.h"
#include "collector/service/stream_slots.h"
#include "core/base/clock.h"
#include "core/crypto/certificate.h"

namespace hozen {

// Borrowed: all must outlive every service made with it. Cheap to copy.
struct ServiceContext {
  Customers& customers;
  Catalog& catalog;
  Fleet& fleet;
  const CertificateAuthority& root;  // issues operators' certificates
  const Clock& clock;
  StreamSlots* streams = nullptr;  // null: long answers are not counted
};

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_SERVICE_SERVICE_CONTEXT_H_
