#include "config/users.hpp"
#include "tests/config/reading.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

std::shared_ptr<const user_table> users_of(const std::string& text) {
  auto read = read_one(text);
  CHECK(summary(read.faults) == "");
  return users_of(read.config);
}

} // namespace

TEST_CASE("users: guest alone where the file names none") {
  CHECK(*users_of("[node]\n") == *default_users());
}

TEST_CASE("users: those of the file take the place of guest") {
  auto users = users_of("[users.anna]\n");
  CHECK(users->size() == 1);
  REQUIRE(users->find("anna") != nullptr);
  CHECK(users->find("guest") == nullptr);
}

TEST_CASE("users: a password is hashed when the file is read") {
  auto users = users_of("[users.anna]\npassword = 'secret'\n");
  const auto& hash = users->find("anna")->password_hash;
  REQUIRE(hash.has_value());
  CHECK(hash->iterations == default_iterations);
  CHECK(is_password(*hash, "secret"));
  CHECK(!is_password(*hash, "guest"));
}

TEST_CASE("users: a hash is taken as it is") {
  auto users = users_of("[users.anna]\npassword_hash = 'rabbitmq-sha256$"
                        "AQIDBDB9kM21iEUzN1lZ+6VReCsdNqS0sERdAQTcY6Xs3PMz'\n");
  CHECK(is_password(*users->find("anna")->password_hash, "secret"));
}

TEST_CASE("users: tags, rights and where from") {
  auto users = users_of(R"([vhosts.shop]
[users.anna]
tags = ["impersonator"]
permissions.shop = { configure = "", write = "^in", read = ".*" }
[users.bert]
from = "this_machine"
)");
  const auto& anna = *users->find("anna");
  CHECK(anna.has_tag("impersonator"));
  CHECK(!anna.has_tag("administrator"));
  CHECK(anna.may_login_remotely);
  CHECK(!anna.password_hash);
  CHECK(anna.may(access_right::write, "shop", "in-1"));
  CHECK(!anna.may(access_right::write, "shop", "out-1"));
  CHECK(!anna.may(access_right::configure, "shop", "in-1"));
  CHECK(anna.may(access_right::read, "shop", "out-1"));
  CHECK(anna.rights_in("/") == nullptr);
  CHECK(!users->find("bert")->may_login_remotely);
}
