#include "engine/access/login_check.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>
#include <vector>

using namespace troupe;

namespace {

constexpr auto here = login_origin::this_machine;
constexpr auto there = login_origin::elsewhere;

user named(const std::string& name, const std::string& password) {
  auto out = user{};
  out.name = name;
  if (!password.empty())
    out.password_hash = make_password_hash(password, 10).value();
  return out;
}

std::shared_ptr<const user_table> table() {
  return std::make_shared<const user_table>(
    std::vector{named("anna", "secret"), named("bert", "")});
}

/// Returns how long this thread has worked, whatever else the machine does.
std::chrono::nanoseconds worked() {
  auto now = timespec{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec}
         + std::chrono::nanoseconds{now.tv_nsec};
}

} // namespace

TEST_CASE("login_check: lets in with the right password, once and again") {
  auto logins = login_check{table()};
  for (auto i = 0; i < 2; ++i) {
    auto who = logins.check("anna", "secret", there);
    REQUIRE(who.has_value());
    CHECK((*who)->name == "anna");
  }
}

TEST_CASE("login_check: refuses a wrong password, also after a right one") {
  auto logins = login_check{table()};
  CHECK(!logins.check("anna", "Secret", there));
  CHECK(logins.check("anna", "secret", there).has_value());
  auto refused = logins.check("anna", "Secret", there);
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::refused);
  CHECK(
    refused.error().detail
    == "user 'anna' cannot log in: the password is wrong");
}

TEST_CASE("login_check: refuses users that do not exist") {
  auto logins = login_check{table()};
  CHECK(!logins.check("nobody", "secret", here));
  CHECK(!logins.check("", "secret", here));
  CHECK(!logins.accept("nobody", here));
}

TEST_CASE("login_check: a user without a password needs other proof") {
  auto logins = login_check{table()};
  CHECK(!logins.check("bert", "", here));
  CHECK(!logins.check("bert", "bert", here));
  CHECK(logins.accept("bert", there).value()->name == "bert");
}

TEST_CASE("login_check: an empty password lets nobody in") {
  auto logins = login_check{table()};
  CHECK(!logins.check("anna", "", here));
}

TEST_CASE("login_check: guest only logs in from the same machine") {
  auto logins = login_check{default_users()};
  CHECK(logins.check("guest", "guest", here).has_value());
  auto refused = logins.check("guest", "guest", there);
  REQUIRE(!refused);
  CHECK(refused.error().detail.find("same machine") != std::string::npos);
  CHECK(!logins.accept("guest", there));
}

TEST_CASE("login_check: a name in the log is short and harmless") {
  auto logins = login_check{table()};
  auto refused = logins.check("x\n" + std::string(10'000, 'y'), "z", here);
  CHECK(refused.error().detail.size() < 200);
  CHECK(refused.error().detail.find('\n') == std::string::npos);
}

TEST_CASE("login_check: new users take effect, old passwords end") {
  auto logins = login_check{table()};
  auto before = logins.check("anna", "secret", here).value();
  logins.replace(
    std::make_shared<const user_table>(std::vector{named("anna", "changed")}));
  CHECK(!logins.check("anna", "secret", here));
  CHECK(logins.check("anna", "changed", here).has_value());
  CHECK(before->name == "anna"); // held until its connection ends
}

TEST_CASE("login_check: what was right once is checked without the slow hash") {
  auto costly = named("anna", "");
  costly.password_hash = make_password_hash("secret", 2'000'000).value();
  auto logins =
    login_check{std::make_shared<const user_table>(std::vector{costly})};
  auto time_of = [&](int times) {
    auto start = worked();
    for (auto i = 0; i < times; ++i)
      REQUIRE(logins.check("anna", "secret", here).has_value());
    return worked() - start;
  };
  auto first = time_of(1);
  CHECK(time_of(100) < first);
}

TEST_CASE("login_check: a name that does not exist costs the slow hash") {
  auto logins = login_check{table()};
  REQUIRE(logins.check("anna", "secret", here).has_value());
  auto time_of = [&](const char* name, const char* password) {
    auto start = worked();
    CHECK(!logins.check(name, password, here));
    return worked() - start;
  };
  auto known = time_of("anna", "wrong");
  auto unknown = time_of("nobody", "wrong");
  CHECK(unknown * 4 > known);
  CHECK(known * 4 > unknown);
}

TEST_CASE("login_check: many threads may ask at once") {
  auto logins = login_check{table()};
  auto right = std::atomic<int>{0};
  auto threads = std::vector<std::thread>{};
  for (auto i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (auto n = 0; n < 50; ++n)
        if (logins.check("anna", "secret", i % 2 ? here : there)) ++right;
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 200);
}
