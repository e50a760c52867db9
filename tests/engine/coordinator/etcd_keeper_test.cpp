#include "engine/coordinator/etcd_keeper.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace std::chrono_literals;
using step = etcd_order::step;

namespace {

etcd_settings three(const std::string& name = "b") {
  auto made = etcd_settings{};
  made.name = name;
  made.folder = "/var/lib/troupe";
  made.client = {"127.0.0.1", 2479};
  made.members = {
    {"a", {"10.0.0.1", 2480}},
    {"b", {"10.0.0.2", 2480}},
    {"c", {"10.0.0.3", 2480}}};
  made.token = "t-1";
  made.peer_tls = etcd_tls{"ca.pem", "peer.pem", "peer.key"};
  return made;
}

etcd_settings one() {
  auto made = three();
  made.members = {{"b", {"127.0.0.1", 2480}}};
  made.peer_tls.reset();
  return made;
}

etcd_listed_member
listed(std::uint64_t id, const std::string& name, const std::string& host) {
  return {id, name, {"https://" + host + ":2480"}, {"http://127.0.0.1:2479"}};
}

std::vector<etcd_listed_member> all_three() {
  return {
    listed(1, "a", "10.0.0.1"), listed(2, "b", "10.0.0.2"),
    listed(3, "c", "10.0.0.3")};
}

constexpr auto now = time_point{1h};

} // namespace

TEST_CASE("etcd_keeper: without any trace it begins with the others") {
  auto keeper = etcd_keeper{three()};
  auto order = keeper.on_view({}, now);
  CHECK(order.what == step::start);
  CHECK(order.beginning == etcd_beginning::anew);
  CHECK(order.members == three().members);
}

TEST_CASE("etcd_keeper: it begins though others of them have begun already") {
  auto keeper = etcd_keeper{three()};
  auto view = etcd_view{};
  view.listed = all_three();
  (*view.listed)[1].client_urls.clear();
  CHECK(keeper.on_view(view, now).beginning == etcd_beginning::anew);
  CHECK(keeper.on_view(view, now).what == step::start);
  view.was_member = true; // it may have voted already
  CHECK(keeper.on_view(view, now).what == step::enlist);
}

TEST_CASE("etcd_keeper: with its data it is started again, whoever answers") {
  auto keeper = etcd_keeper{three()};
  auto view = etcd_view{};
  view.has_data = true;
  view.was_member = true;
  CHECK(keeper.on_view(view, now).what == step::start);
  view.listed = all_three();
  CHECK(keeper.on_view(view, now).what == step::start);
}

TEST_CASE("etcd_keeper: a running one is adopted once, a child is not") {
  auto keeper = etcd_keeper{three()};
  auto view = etcd_view{};
  view.is_running = true;
  view.has_data = true;
  CHECK(keeper.on_view(view, now).what == step::adopt);
  CHECK(keeper.on_view(view, now) == etcd_order{});
  auto other = etcd_keeper{three()};
  view.is_child = true;
  CHECK(other.on_view(view, now) == etcd_order{});
}

TEST_CASE("etcd_keeper: what lost its data is replaced, never begun again") {
  auto keeper = etcd_keeper{three()};
  auto view = etcd_view{};
  SECTION("known by the mark that it leaves") {
    view.was_member = true;
    auto first = keeper.on_view(view, now);
    CHECK(first.what == step::wait); // nobody else answers
    CHECK(first.why.find("other members") != std::string::npos);
    CHECK(keeper.on_view(view, now) == etcd_order{}); // said once
  }
  SECTION("known by the others") {}
  view.listed = all_three();
  auto order = keeper.on_view(view, now);
  CHECK(order.what == step::enlist);
  CHECK(order.replaced == 2);
}

TEST_CASE("etcd_keeper: whom the others do not know is taken in") {
  auto keeper = etcd_keeper{three()};
  auto view = etcd_view{};
  view.listed = all_three();
  view.listed->erase(view.listed->begin() + 1);
  auto order = keeper.on_view(view, now);
  CHECK(order.what == step::enlist);
  CHECK(order.replaced == 0);
}

TEST_CASE("etcd_keeper: whom the others have taken in joins them") {
  auto keeper = etcd_keeper{three()};
  auto view = etcd_view{};
  view.was_member = GENERATE(true, false);
  view.listed = all_three();
  (*view.listed)[1] = {7, "", {"https://10.0.0.2:2480"}, {}};
  (*view.listed)[2] = {9, "", {"https://10.0.0.9:2480"}, {}};
  auto order = keeper.on_view(view, now);
  CHECK(order.what == step::start);
  CHECK(order.beginning == etcd_beginning::joining);
  CHECK(
    order.members
    == std::vector<etcd_member>{
      {"a", {"10.0.0.1", 2480}},
      {"b", {"10.0.0.2", 2480}},
      {"member-9", {"10.0.0.9", 2480}}});
}

TEST_CASE("etcd_keeper: the only member without its data waits for a person") {
  auto keeper = etcd_keeper{one()};
  auto view = etcd_view{};
  view.was_member = true;
  auto order = keeper.on_view(view, now);
  CHECK(order.what == step::wait);
  CHECK(order.why.find("/var/lib/troupe/etcd") != std::string::npos);
}

TEST_CASE("etcd_keeper: after failures it waits longer and longer") {
  auto keeper = etcd_keeper{one(), {100ms, 2.0, 1s, 0.0}};
  auto waits = std::vector<duration>{};
  auto at = now;
  for (auto i = 0; i < 6; ++i) {
    keeper.on_failed(at, 0.0);
    auto until = at;
    while (keeper.on_view({}, until).what == step::wait) until += 1ms;
    waits.push_back(until - at);
    at = until;
  }
  CHECK(waits == std::vector<duration>{100ms, 200ms, 400ms, 800ms, 1s, 1s});
  keeper.on_healthy();
  keeper.on_failed(at, 0.0);
  CHECK(keeper.on_view({}, at + 99ms).what == step::wait);
  CHECK(keeper.on_view({}, at + 100ms).what == step::start);
}

TEST_CASE("etcd_keeper: addresses of others that make no sense are left out") {
  auto keeper = etcd_keeper{three()};
  auto view = etcd_view{};
  view.listed = all_three();
  (*view.listed)[0].peer_urls = {"nonsense"};
  (*view.listed)[1].name.clear();
  (*view.listed)[2].peer_urls = {"https://10.0.0.3:x"};
  auto order = keeper.on_view(view, now);
  CHECK(order.what == step::start);
  CHECK(order.members == std::vector<etcd_member>{{"b", {"10.0.0.2", 2480}}});
}
