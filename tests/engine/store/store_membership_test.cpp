#include "tests/engine/store/store_play.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

const auto membership = store_membership{"c1", "orders", "n2", 2, 3, "{}"};

} // namespace

TEST_CASE("store_membership: a new store is of no cluster") {
  auto folder = temp_folder{};
  auto store = log_store::open(options_in(folder.path())).value();
  CHECK_FALSE(store->membership().value().has_value());
}

TEST_CASE("store_membership: it is there when the store is opened again") {
  auto folder = temp_folder{};
  auto options = options_in(folder.path());
  auto store = log_store::open(options).value();
  REQUIRE(store->set_membership(membership).has_value());
  store.reset();
  store = log_store::open(options).value();
  CHECK(store->membership().value() == membership);
}

TEST_CASE("store_membership: the last one noted counts") {
  auto folder = temp_folder{};
  auto store = log_store::open(options_in(folder.path())).value();
  REQUIRE(store->set_membership(membership).has_value());
  auto next = membership;
  next.cluster_id = "c2";
  next.beginning.clear();
  REQUIRE(store->set_membership(next).has_value());
  CHECK(store->membership().value() == next);
}

TEST_CASE("store_membership: a store opened to be read only keeps its own") {
  auto folder = temp_folder{};
  auto options = options_in(folder.path());
  REQUIRE(
    log_store::open(options).value()->set_membership(membership).has_value());
  options.read_only = true;
  auto store = log_store::open(options).value();
  CHECK(store->membership().value() == membership);
  CHECK(store->set_membership({}).error().code == errc::refused);
}

TEST_CASE("store_membership: bytes that do not fit are refused") {
  auto bytes = encode(membership);
  CHECK(decode_store_membership(bytes).value() == membership);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CHECK_FALSE(decode_store_membership(bytes.substr(0, i)).has_value());
    auto damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_FALSE(decode_store_membership(damaged).has_value());
  }
}
