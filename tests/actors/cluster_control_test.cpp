#include "actors/control.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace troupe;
using cluster::member_id;
using cluster::member_state;

namespace json = boost::json;

namespace {

/// A cluster of three that writes down what it is asked to do.
struct fake_cluster {
  cluster_report seen;
  std::vector<std::string> asked;
  error refusal; // of whatever is to be done

  fake_cluster() {
    seen.name = "orders";
    seen.self = "n1";
    seen.replicas = 2;
    for (unsigned i = 1; i <= 3; ++i)
      seen.members.push_back(
        {"n" + std::to_string(i),
         member_id(i),
         member_state::up,
         {},
         "",
         true,
         20,
         40,
         0});
  }

  result<> note(const std::string& what) {
    if (refusal.code != errc::none) return refusal;
    asked.push_back(what);
    return {};
  }

  json::object answer(const json::object& request) {
    auto places = control_places{};
    places.cluster = cluster_places{
      [this] { return seen; },
      [this](const plan_wish& wish) -> result<cluster_plan> {
        if (refusal.code != errc::none) return refusal;
        asked.push_back("plan without " + wish.without.value_or("nobody"));
        if (wish.replicas)
          asked.back() = "plan for " + std::to_string(*wish.replicas);
        return cluster_plan{};
      },
      [this](const auto& member, auto state) {
        return note(member + " is " + to_string(state));
      },
      [this](const auto& member) { return note(member + " goes"); },
      [this] { return note("rebalance"); },
      [this](auto count) { return note(std::to_string(count) + " replicas"); }};
    return control{std::move(places)}.answer(request);
  }

  json::object answer(const char* command, const std::string& member = {}) {
    return answer({{"command", command}, {"member", member}});
  }
};

using texts = std::vector<std::string>;

std::string error_of(const json::object& answer) {
  CHECK_FALSE(answer.at("ok").as_bool());
  return std::string{answer.at("error").as_string()};
}

std::string done_of(const json::object& answer) {
  REQUIRE(answer.at("ok").as_bool());
  return std::string{answer.at("done").as_string()};
}

} // namespace

TEST_CASE("cluster_control: a node by itself says how to be in a cluster") {
  auto command = GENERATE(
    as<std::string>{}, "cluster.status", "cluster.ring", "cluster.plan",
    "cluster.join", "cluster.drain", "cluster.remove", "cluster.rebalance",
    "cluster.replicas");
  auto alone = control{{}};
  CHECK(
    error_of(alone.answer({{"command", command}}))
    == "this node is in no cluster; add a [cluster] table");
}

TEST_CASE("cluster_control: a command that nobody knows is refused") {
  CHECK(
    error_of(fake_cluster{}.answer("cluster.explode"))
    == "this node knows no such command");
}

TEST_CASE("cluster_control: status and ring come from the report") {
  auto at = fake_cluster{};
  at.seen.groups = {{group_id{5}, "n1", 2, {"n1"}, {"n1"}, {}, {}}};
  CHECK(at.answer("cluster.status") == status_json(at.seen));
  CHECK(at.answer("cluster.ring") == ring_json(at.seen));
  CHECK(at.asked.empty());
}

TEST_CASE("cluster_control: a plan is asked with and without a member") {
  auto at = fake_cluster{};
  CHECK(at.answer("cluster.plan").at("ok").as_bool());
  auto request = json::object{{"command", "cluster.plan"}, {"without", "n2"}};
  CHECK(at.answer(request) == to_json(cluster_plan{}));
  CHECK(at.asked == texts{"plan without nobody", "plan without n2"});
}

TEST_CASE("cluster_control: replicas are changed after they are planned") {
  auto at = fake_cluster{};
  auto request = json::object{{"command", "cluster.replicas"}, {"replicas", 1}};
  CHECK(
    done_of(at.answer(request))
    == "each group gets 1 copy instead of 2, a few groups at a time: troupe "
       "cluster status");
  CHECK(at.asked == texts{"plan for 1", "1 replicas"});
}

TEST_CASE("cluster_control: replicas that are as they should be stay") {
  auto at = fake_cluster{};
  auto request = json::object{{"command", "cluster.replicas"}, {"replicas", 2}};
  CHECK(done_of(at.answer(request)) == "each group has 2 copies already");
  CHECK(at.asked == texts{"plan for 2"});
}

TEST_CASE("cluster_control: a number of replicas that is none is 0") {
  auto at = fake_cluster{};
  for (auto text :
       {R"({"replicas": "x"})", R"({"replicas": -1})",
        R"({"replicas": 4294967296})"}) {
    auto request = json::parse(text).as_object();
    request["command"] = "cluster.plan";
    CHECK(at.answer(request).at("ok").as_bool());
    CHECK(at.asked.back() == "plan for 0"); // where it is refused
  }
}

TEST_CASE("cluster_control: joining again ends a drain") {
  auto at = fake_cluster{};
  at.seen.members[1].state = member_state::draining;
  CHECK(done_of(at.answer("cluster.join", "n2")) == "n2 takes groups again");
  CHECK(at.asked == texts{"n2 is up"});
}

TEST_CASE("cluster_control: joining confirms who is there already") {
  auto at = fake_cluster{};
  CHECK(
    done_of(at.answer("cluster.join"))
    == "n1 is in cluster orders and leads 20 groups");
  CHECK(at.asked.empty());
}

TEST_CASE("cluster_control: a drain is told what it moves") {
  auto at = fake_cluster{};
  at.seen.members[2].leads = 1;
  CHECK(
    done_of(at.answer("cluster.drain", "n3"))
    == "n3 drains; it leads 1 group and keeps 40 groups");
  CHECK(at.asked == texts{"n3 is draining"});
}

TEST_CASE("cluster_control: the last member that is up cannot drain") {
  auto at = fake_cluster{};
  at.seen.members[1].state = member_state::draining;
  at.seen.members[2].is_up = false;
  CHECK(
    error_of(at.answer("cluster.drain", "n1")).find("no other member is up")
    == 0);
  CHECK(at.asked.empty());
}

TEST_CASE("cluster_control: only who is drained or gone is removed") {
  auto at = fake_cluster{};
  auto& n2 = at.seen.members[1];
  CHECK(
    error_of(at.answer("cluster.remove", "n2"))
    == "n2 still leads 20 groups; drain it first: troupe cluster drain n2");
  n2.leads = 0;
  CHECK(
    error_of(at.answer("cluster.remove", "n2"))
    == "n2 is up; drain it first: troupe cluster drain n2");
  n2.state = member_state::draining;
  n2.leads = 1;
  CHECK(
    error_of(at.answer("cluster.remove", "n2"))
    == "n2 still leads 1 group; wait until others lead them");
  n2.leads = 0;
  CHECK(
    error_of(at.answer("cluster.remove", "n2"))
    == "n2 still keeps copies of 40 groups; wait until others have them: "
       "troupe cluster status");
  CHECK(at.asked.empty());
  n2.keeps = 0;
  CHECK(
    done_of(at.answer("cluster.remove", "n2"))
    == "n2 is out of cluster orders");
  CHECK(at.asked == texts{"n2 goes"});
}

TEST_CASE("cluster_control: who is gone is removed with its copies") {
  auto at = fake_cluster{};
  at.seen.members[1].is_up = false;
  at.seen.members[1].leads = 0;
  CHECK(at.answer("cluster.remove", "n2").at("ok").as_bool());
  CHECK(at.asked == texts{"n2 goes"});
}

TEST_CASE("cluster_control: copies stay where too few others are left") {
  auto at = fake_cluster{};
  at.seen.replicas = 3;
  at.seen.members[1].state = member_state::draining;
  at.seen.members[1].leads = 0;
  CHECK(at.answer("cluster.remove", "n2").at("ok").as_bool());
}

TEST_CASE("cluster_control: a member does not remove itself") {
  auto at = fake_cluster{};
  at.seen.members[0].state = member_state::draining;
  at.seen.members[0].leads = 0;
  at.seen.members[0].keeps = 0;
  CHECK(
    error_of(at.answer("cluster.remove", "n1"))
    == "a member cannot remove itself; ask another one");
}

TEST_CASE("cluster_control: a name that nobody has is refused") {
  auto command = GENERATE(
    as<std::string>{}, "cluster.join", "cluster.drain", "cluster.remove");
  auto at = fake_cluster{};
  CHECK(
    error_of(at.answer(command.c_str(), "m2")).find("no member is called 'm2'")
    == 0);
  CHECK(at.asked.empty());
}

TEST_CASE("cluster_control: what the cluster refuses is passed on") {
  auto at = fake_cluster{};
  at.seen.members[1].state = member_state::draining;
  at.seen.members[1].leads = 0;
  at.seen.members[1].keeps = 0;
  at.refusal = {errc::refused, "etcd does not answer"};
  for (const auto* command :
       {"cluster.join", "cluster.drain", "cluster.remove", "cluster.rebalance",
        "cluster.plan", "cluster.replicas"})
    CHECK(error_of(at.answer(command, "n2")) == "etcd does not answer");
}

TEST_CASE("cluster_control: a request with other types is no crash") {
  auto at = fake_cluster{};
  auto request = json::object{{"command", "cluster.drain"}, {"member", 7}};
  CHECK(error_of(at.answer(request)).find("no member is called ''") == 0);
}
