// The headers of others that most of our files include: compiled once (./compile), and put by the toolchain before
// every file that is built with it. Nobody includes this by hand, and no file may do without an include because of it:
// builds that have no prelude show what is missing (tools/test --asan and its like, tools/lint --tidy).
#ifdef HOZEN_PRELUDE  // the toolchains define it in optimised builds; nothing was compiled for others

#if __INCLUDE_LEVEL__ > 0
#warning \
    "the prelude was compiled with other options than this file: see third_party/prelude/kept, tools/windows/recipes/prelude.sh"
#endif

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/status/statusor.h>
#include <absl/strings/ascii.h>
#include <absl/strings/cord.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <absl/types/span.h>
#include <google/protobuf/generated_message_util.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/map.h>
#include <google/protobuf/message.h>
#include <google/protobuf/repeated_field.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#ifdef HOZEN_TEST
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#endif

#endif  // HOZEN_PRELUDE
