// The page that whoever opens a bundle reads first.
#ifndef HOZEN_COLLECTOR_EXPORT_BUNDLE_README_H_
#define HOZEN_COLLECTOR_EXPORT_BUNDLE_README_H_

#include <string>

#include "proto/hozen/v1/evidence.pb.h"
#include "proto/hozen/v1/operators.pb.h"

namespace hozen {

// In English, then Japanese: a bundle travels to people whose language we do not know.
std::string BundleReadme(const v1::Manifest& manifest, const v1::Acquisition& acquisition);

}  // namespace hozen

#endif  // HOZEN_COLLECTOR_EXPORT_BUNDLE_README_H_
