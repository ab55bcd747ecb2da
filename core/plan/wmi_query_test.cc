#include "core/plan/wmi_query.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hozen {
namespace {

using ::testing::HasSubstr;

v1::Target::WmiQuery Query(std::string text, std::string name_space = "") {
  v1::Target::WmiQuery query;
  query.set_query(std::move(text));
  query.set_name_space(std::move(name_space));
  return query;
}

TEST(WmiQueryTest, WhatOnlyLooksMayBeAsked) {
  EXPECT_EQ(WhyNotWmiQuery(Query("SELECT * FROM Win32_Service")), "");
  EXPECT_EQ(WhyNotWmiQuery(Query("select Name,PathName\nfrom Win32_SystemDriver")), "");
  EXPECT_EQ(WhyNotWmiQuery(Query("SELECT * FROM AntivirusProduct", "root\\SecurityCenter2")), "");
  EXPECT_EQ(WhyNotWmiQuery(Query("SELECT * FROM Win32_UserProfile WHERE SID='%%users.sid%%'")), "");
}

TEST(WmiQueryTest, WhatChangesTheHostIsRefused) {
  EXPECT_THAT(WhyNotWmiQuery(Query("SELECT Name from WIN32_Product")), HasSubstr("repair"));
  EXPECT_THAT(WhyNotWmiQuery(Query("SELECT * FROM Win32_SoftwareFeature WHERE a=1")), HasSubstr("repair"));
  EXPECT_THAT(WhyNotWmiQuery(Query("SELECT * FROM CIM_Product")), HasSubstr("repair")) << "it lists Win32_Product";
}

TEST(WmiQueryTest, WhatIsNoSelectIsRefused) {
  for (const char* text : {"", "SELECT", "SELECT * FROM", "DELETE FROM Win32_Process", "ASSOCIATORS OF {x}"}) {
    EXPECT_THAT(WhyNotWmiQuery(Query(text)), HasSubstr("SELECT")) << text;
  }
  EXPECT_NE(WhyNotWmiQuery(Query(std::string("SELECT * FROM A\0", 16))), "");
  EXPECT_NE(WhyNotWmiQuery(Query("SELECT * FROM " + std::string(5000, 'x'))), "");
}

TEST(WmiQueryTest, NameSpacesAreThisMachinesOwn) {
  for (const char* name_space : {"\\\\other\\root\\cimv2", "root\\", "root/cimv2", "cimv2", "root\\a b", "\\root"}) {
    EXPECT_THAT(WhyNotWmiQuery(Query("SELECT * FROM A", name_space)), HasSubstr("namespace")) << name_space;
  }
}

TEST(WmiQueryTest, ItsItemIsNamedAfterIt) {
  EXPECT_EQ(WmiItemPath(Query("SELECT * FROM A")), "wmi/root\\cimv2/SELECT * FROM A");
}

}  // namespace
}  // namespace hozen
