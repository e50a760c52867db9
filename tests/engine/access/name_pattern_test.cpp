#include "engine/access/name_pattern.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

namespace {

bool finds(std::string_view pattern, std::string_view name) {
  return name_pattern::parse(pattern).value().finds(name);
}

} // namespace

TEST_CASE("name_pattern: .* finds every name") {
  CHECK(finds(".*", "orders"));
  CHECK(finds(".*", ""));
}

TEST_CASE("name_pattern: an empty one and ^$ find no name") {
  for (const auto* pattern : {"", "^$"}) {
    CHECK(!finds(pattern, "orders"));
    CHECK(!finds(pattern, "amq.default"));
  }
  CHECK(!name_pattern{}.finds("orders"));
}

TEST_CASE("name_pattern: is found anywhere unless it says where") {
  CHECK(finds("rder", "orders"));
  CHECK(finds("orders", "my-orders-2"));
  CHECK(!finds("^orders", "my-orders"));
  CHECK(!finds("orders$", "orders-2"));
  CHECK(finds("^(orders|bills)-.*$", "bills-7"));
}

TEST_CASE("name_pattern: case counts") { CHECK(!finds("orders", "ORDERS")); }

TEST_CASE("name_pattern: reads what Perl reads") {
  CHECK(finds("^(?!secret).*", "orders"));
  CHECK(!finds("^(?!secret).*", "secret-orders"));
  CHECK(finds(R"(^(\w+)-\1$)", "tic-tic"));
  CHECK(!finds(R"(^(\w+)-\1$)", "tic-tac"));
}

TEST_CASE("name_pattern: ^ is the name's start and not a line's") {
  CHECK(!finds("^orders", "x\norders"));
  CHECK(!finds("^a.b$", "a\nb"));
}

TEST_CASE("name_pattern: says what is wrong and where") {
  for (auto [pattern, part] :
       {std::pair{"(orders", "at character"}, std::pair{"[a-", "at character"},
        std::pair{"*", "at character 1"}}) {
    INFO(pattern);
    auto made = name_pattern::parse(pattern);
    REQUIRE(!made);
    CHECK(made.error().code == errc::bad_config);
    CHECK(made.error().detail.find(part) != std::string::npos);
  }
  CHECK(!name_pattern::parse(std::string(4097, 'x')));
}

TEST_CASE("name_pattern: the longest names need no deep stack") {
  CHECK(finds("^(a|b)*$", std::string(255, 'a')));
  CHECK(!finds(".+", std::string(256, 'a'))); // no name is as long
}

TEST_CASE("name_pattern: gives up where the ways to match explode") {
  CHECK(!finds("^(a|aa|aaa|aaaa)*(a|aa|aaa)*$", std::string(254, 'a') + "b"));
}
