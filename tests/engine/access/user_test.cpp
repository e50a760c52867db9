#include "engine/access/user_table.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

namespace {

user anna() {
  auto out = user{};
  out.name = "anna";
  out.rights["/"] = vhost_rights::parse("^mine", "", ".*").value();
  return out;
}

} // namespace

TEST_CASE("user: each right has a pattern of its own") {
  auto who = anna();
  CHECK(who.may(access_right::configure, "/", "mine-1"));
  CHECK(!who.may(access_right::configure, "/", "yours"));
  CHECK(!who.may(access_right::write, "/", "mine-1"));
  CHECK(who.may(access_right::read, "/", "yours"));
}

TEST_CASE("user: has no rights in other vhosts") {
  auto who = anna();
  CHECK(who.rights_in("/") != nullptr);
  CHECK(who.rights_in("shop") == nullptr);
  CHECK(!who.may(access_right::read, "shop", "mine-1"));
}

TEST_CASE("user: the default exchange goes by amq.default") {
  auto rights = vhost_rights::parse("", "^amq\\.default$", "^$").value();
  CHECK(rights.allow(access_right::write, ""));
  CHECK(!rights.allow(access_right::read, ""));
}

TEST_CASE("user: rights with a bad expression are refused") {
  CHECK(!vhost_rights::parse(".*", "(", ".*"));
}

TEST_CASE("user_table: finds by name") {
  auto users = user_table{{anna()}};
  REQUIRE(users.find("anna") != nullptr);
  CHECK(*users.find("anna") == anna());
  CHECK(users.find("Anna") == nullptr);
}

TEST_CASE("user_table: knows the cost of the dearest hash") {
  auto one = anna();
  one.password_hash = password_hash{
    password_hash::kind::pbkdf2_sha256, 200'000, "saltsalt",
    std::string(32, 'x')};
  CHECK(user_table{{anna()}}.most_costly() == default_iterations);
  CHECK(user_table{{anna(), one}}.most_costly() == 200'000);
}

TEST_CASE("user_table: by default guest may do all in / from here") {
  auto users = default_users();
  const auto* guest = users->find("guest");
  REQUIRE(guest != nullptr);
  CHECK(users->size() == 1);
  CHECK(is_password(*guest->password_hash, "guest"));
  CHECK(guest->has_tag("administrator"));
  CHECK(!guest->may_login_remotely);
  for (auto right :
       {access_right::configure, access_right::write, access_right::read})
    CHECK(guest->may(right, "/", "anything"));
}
