#include "agent/platform/host_facts.h"

#include <unistd.h>

#include "agent/platform/priority.h"
#include "agent/platform/resource_usage.h"
#include "agent/platform/users.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

TEST(HostFactsTest, KnowsThisHost) {
  const v1::HostFacts facts = CollectHostFacts();
  char name[256] = {};
  ASSERT_EQ(gethostname(name, sizeof(name) - 1), 0);
  EXPECT_EQ(facts.hostname(), name);
  EXPECT_EQ(facts.system(), "linux");
  EXPECT_NE(facts.kernel(), "");
  EXPECT_NE(facts.architecture(), "");
  EXPECT_GT(facts.cpus(), 0u);
  EXPECT_GT(facts.memory_bytes(), 1u << 20);
  EXPECT_GT(facts.booted_unix_ns(), 1'500'000'000'000'000'000);
}

TEST(ResourceUsageTest, GrowsWithWork) {
  const ResourceUsage before = ReadResourceUsage();
  EXPECT_GT(before.resident_bytes, 100'000u);
  ResourceUsage after = before;
  while (after.cpu_ns < before.cpu_ns + 20'000'000) after = ReadResourceUsage();
  EXPECT_GT(after.cpu_ns, before.cpu_ns);
}

TEST(ResourceUsageTest, KnowsFreeSpace) {
  EXPECT_TRUE(FreeBytes("/").ok());
  EXPECT_TRUE(absl::IsNotFound(FreeBytes("/no/such").status()));
}

TEST(PriorityTest, IsLoweredOnceAndStays) {
  ASSERT_TRUE(LowerPriority().ok());
  EXPECT_GE(nice(0), 10);
  ASSERT_TRUE(LowerPriority().ok());
}

TEST(UsersTest, RootIsAUserOfThisHost) {
  const absl::StatusOr<std::vector<LocalUser>> users = ListLocalUsers("");
  ASSERT_TRUE(users.ok()) << users.status();
  bool found = false;
  for (const LocalUser& user : *users) found = found || (user.name == "root" && user.uid == 0);
  EXPECT_TRUE(found);
  EXPECT_TRUE(absl::IsNotFound(ListLocalUsers("/no/such").status()));
  EXPECT_TRUE(ListHomes("/no/such").empty());
}

}  // namespace
}  // namespace hozen
