// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "fleet/store/fleet_layout.h"

namespace ccm::fleet {
namespace {

TEST(FleetLayout, FindsItsWayBack) {
  const FleetLayout layout = FleetLayout::make("web").value();
  EXPECT_EQ(layout.head("www"), "/cl/web/heads/www");
  EXPECT_EQ(layout.slot_of(layout.head("www"))->name, "www");
  const Slot version = layout.slot_of(layout.version("www", 12)).value();
  EXPECT_EQ(version.shelf, Shelf::version);
  EXPECT_EQ(version.number, 12U);
  EXPECT_EQ(layout.slot_of(layout.response("www", 12))->shelf, Shelf::response);
  EXPECT_EQ(layout.slot_of(layout.record("www", "state"))->rest, "state");
  const Slot of_all = layout.slot_of(layout.record("", "lockout")).value();
  EXPECT_EQ(of_all.name, "");
  EXPECT_EQ(of_all.rest, "lockout");
  const Slot request = layout.slot_of(layout.request("0123456789abcdef", "a-b")).value();
  EXPECT_EQ(request.rest, "0123456789abcdef");
  EXPECT_EQ(request.name, "a-b");
  EXPECT_EQ(layout.slot_of(layout.grant("www"))->shelf, Shelf::grant);
}

// Whoever can write to etcd can write any key.
TEST(FleetLayout, TakesNoNameThatIsNoFilesName) {
  const FleetLayout layout = FleetLayout::make("web").value();
  for (const char* key :
       {"/cl/web/heads/../x", "/cl/web/heads/", "/cl/web/heads/a/b", "/cl/web/versions/www/0",
        "/cl/web/versions/www/01", "/cl/web/versions/www", "/cl/web/versions//1",
        "/cl/web/records/www/.x", "/cl/web/records/www/", "/cl/web/inbox/0123-www",
        "/cl/web/inbox/0123456789abcdef-../x", "/cl/web/granted/.", "/cl/web/other/x",
        "/cl/web/leader", "/cl/other/heads/www", "x"}) {
    EXPECT_FALSE(layout.slot_of(key)) << key;
  }
  EXPECT_FALSE(FleetLayout::make("a/b"));
  EXPECT_FALSE(FleetLayout::make(""));
}

// What each host says of itself must not come to all the others.
TEST(FleetLayout, HostsFollowAllButWhatEachSaysOfItself) {
  const FleetLayout layout = FleetLayout::make("web").value();
  const EtcdRange followed = layout.followed();
  const auto is_followed = [&](const std::string& key) {
    return followed.key <= key && key < followed.end;
  };
  for (const std::string& key :
       {layout.leader(), layout.head("zz"), layout.version("zz", 1), layout.response("zz", 1),
        layout.record("", "x"), layout.request("0123456789abcdef", "a"), layout.grant("a"),
        layout.all() + "keys/x/y", layout.all() + "hosts/x"}) {
    EXPECT_TRUE(is_followed(key)) << key;
  }
  EXPECT_FALSE(is_followed(layout.settings("0f"))) << layout.settings("0f");
  EXPECT_TRUE(layout.settings("0f").starts_with("/cl/web/")) << "an etcd's user may write there";
  EXPECT_FALSE(layout.slot_of(layout.settings("0f")));
}

}  // namespace
}  // namespace ccm::fleet
