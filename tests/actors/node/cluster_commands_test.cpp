#include "actors/fatal.hpp"
#include "actors/node/cluster_commands.hpp"
#include "tests/actors/node/fake_node.hpp"
#include "tests/actors/node/running_main.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace troupe;
using cluster::member_id;
using cluster::member_state;
using troupe::test::fake_node;
using troupe::test::run_main;

namespace json = boost::json;

namespace {

cluster_report two_members() {
  auto out = cluster_report{};
  out.name = "orders";
  out.self = "n1";
  out.coordinator = "etcd, all three answer";
  out.replicas = 2;
  out.members = {
    {"n1", member_id{1}, member_state::up, {1, 2}, "10.0.0.1:1", true, 2, 2, 0},
    {"n2",
     member_id{2},
     member_state::draining,
     {},
     "10.0.0.2:1",
     false,
     0,
     2,
     12}};
  out.groups = {
    {group_id{0}, "n1", 7, {"n1", "n2"}, {"n1"}, {}, {}, 77},
    {group_id{1}, "", 8, {"n1", "n2"}, {"n1", "n2"}, {"n3"}, {"n2"}, {}}};
  return out;
}

cluster_places places_of(std::vector<std::string>& asked) {
  auto note = [&asked](const std::string& what) -> result<> {
    asked.push_back(what);
    return {};
  };
  return {
    two_members,
    [](const auto& wish) -> result<cluster_plan> {
      if (wish.replicas == 6u) return error{errc::bad_input, "6 are too many"};
      auto out = cluster_plan{};
      out.replicas = wish.replicas.value_or(2);
      out.shares = {{wish.without.value_or("nobody"), 0, 0, 0, 0}};
      return out;
    },
    [note](const auto& member, auto state) {
      return note(member + " is " + to_string(state));
    },
    [note](const auto& member) { return note(member + " goes"); },
    [note] { return note("rebalance"); },
    [note](auto count) { return note(std::to_string(count) + " replicas"); }};
}

} // namespace

TEST_CASE("cluster_commands: status shows members, groups and what moves") {
  auto report = two_members();
  report.moves = {"group 1 moves from n2 to n1"};
  report.groups[0].replicas.push_back("n3");
  CHECK(
    cluster_status_text(status_json(report))
    == "cluster orders, asked n1\n"
       "coordinator: etcd, all three answer\n"
       "groups: 2, 1 without a leader, 1 with a replica that is not in sync, "
       "1 with copies that come or go, 1 not with 2 replicas\n"
       "\n"
       "member  id  up     state     leads  keeps  behind  address     store\n"
       "n1       1  true   up            2      2       0  10.0.0.1:1  "
       "00000000000000010000000000000002\n"
       "n2       2  false  draining      0      2      12  10.0.0.2:1  "
       "00000000000000000000000000000000\n"
       "\n"
       "under way:\n"
       "  group 1 moves from n2 to n1\n");
}

TEST_CASE("cluster_commands: a healthy cluster has nothing more to say") {
  auto report = two_members();
  report.groups = {
    {group_id{0}, "n1", 7, {"n1", "n2"}, {"n1", "n2"}, {}, {}, {}}};
  auto text = cluster_status_text(status_json(report));
  CHECK(text.find("groups: 1\n\n") != text.npos);
  CHECK(text.find("under way") == text.npos);
}

TEST_CASE("cluster_commands: the ring shows a line a group") {
  CHECK(
    cluster_ring_text(ring_json(two_members()))
    == "group  leader  epoch  replicas  in_sync  adding  removing  bytes\n"
       "    0  n1          7  n1 n2     n1                            77\n"
       "    1              8  n1 n2     n1 n2    n3      n2             \n");
}

TEST_CASE("cluster_commands: a plan shows how much moves, and where") {
  auto plan = cluster_plan{};
  plan.moves = {
    {group_id{1}, cluster::ring_change_kind::leader, "n1", "n2", 0},
    {group_id{2}, cluster::ring_change_kind::replica, "n1", "n3", 3 << 19}};
  plan.shares = {{"n1", 1, 0, 2, 1}};
  CHECK(
    cluster_plan_text(to_json(plan))
    == "1 leader moves, 1 copy is made of about 1.5 MiB\n"
       "\n"
       "member  leads  will_lead  keeps  will_keep\n"
       "n1          1          0      2          1\n"
       "\n"
       "group  move    from  to    bytes\n"
       "    1  leader  n1    n2        0\n"
       "    2  copy    n1    n3  1572864\n");
}

TEST_CASE("cluster_commands: a plan says where copies have nowhere to go") {
  auto plan = cluster_plan{};
  plan.moves = {{group_id{1}, cluster::ring_change_kind::leader, "a", "b", 0}};
  plan.has_too_few = true;
  auto text = cluster_plan_text(to_json(plan));
  CHECK(text.find("1 leader moves, 0 copies are made\nfewer members") == 0);
}

TEST_CASE("cluster_commands: a plan without moves says so") {
  CHECK(
    cluster_plan_text(to_json(cluster_plan{})).find("nothing moves\n") == 0);
}

TEST_CASE("cluster_commands: a member answers over its socket") {
  auto asked = std::vector<std::string>{};
  auto at = fake_node{};
  at.start(places_of(asked));
  auto tell = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "cluster");
    words.insert(words.end(), {"--data-dir", at.folder()});
    auto result = run_main(std::move(words));
    CHECK(result.err == "");
    CHECK(result.code == 0);
    return result.out;
  };
  CHECK(tell({"status"}) == cluster_status_text(status_json(two_members())));
  CHECK(json::parse(tell({"status", "--json"})) == status_json(two_members()));
  CHECK(tell({"ring", "show"}) == cluster_ring_text(ring_json(two_members())));
  CHECK(tell({"ring", "show", "--json"}).find("{\"group\":0,") == 0);
  CHECK(
    tell({"ring", "plan", "--without", "n2"}).find("\nn2 ")
    != std::string::npos);
  CHECK(
    tell({"ring", "plan", "--json"}).find("\"nobody\"") != std::string::npos);
  CHECK(tell({"join", "n2"}) == "n2 takes groups again\n");
  CHECK(tell({"remove", "n2", "--yes"}) == "n2 is out of cluster orders\n");
  CHECK(tell({"rebalance"}).find("groups move") == 0);
  CHECK(
    json::parse(tell({"join", "--json"}))
      .at("done")
      .as_string()
      .find("n1 is in")
    == 0);
  CHECK(asked == std::vector<std::string>{"n2 is up", "n2 goes", "rebalance"});
}

TEST_CASE("cluster_commands: replicas are changed after the plan is shown") {
  auto asked = std::vector<std::string>{};
  auto at = fake_node{};
  at.start(places_of(asked));
  auto tell = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"cluster", "replicas", "--data-dir"});
    words.insert(words.begin() + 3, at.folder());
    return run_main(std::move(words));
  };
  auto told = tell({"5", "--yes"});
  CHECK(told.code == 0);
  CHECK(
    told.out.find(
      "5 copies of each message, confirmed once 3 of them or more are on disk: "
      "2 members may fail\nnothing moves\n")
    == 0);
  CHECK(told.out.find("\neach group gets 5 copies") != told.out.npos);
  CHECK(asked == std::vector<std::string>{"5 replicas"});
  told = tell({"1", "--yes", "--json"});
  CHECK(json::parse(told.out).at("ok").as_bool());
  CHECK(asked.back() == "1 replicas");
  asked.clear();
  told = tell({"6", "--yes"});
  CHECK(told.code == exit_no_input);
  CHECK(told.err == "error: 6 are too many\n");
  CHECK(asked.empty());
  told = run_main(
    {"cluster", "ring", "plan", "--replicas", "1", "--data-dir", at.folder()});
  CHECK(
    told.out.find("1 copy of each message, confirmed once 1 of them or more "
                  "are on disk: no "
                  "member may fail\n")
    == 0);
  CHECK(asked.empty());
}

TEST_CASE("cluster_commands: a refusal goes to standard error") {
  auto asked = std::vector<std::string>{};
  auto at = fake_node{};
  at.start(places_of(asked));
  auto result = run_main({"cluster", "drain", "n1", "--data-dir", at.folder()});
  CHECK(result.code == exit_no_input);
  CHECK(result.out == "");
  CHECK(result.err.find("error: no other member is up") == 0);
  CHECK(asked.empty());
}

TEST_CASE("cluster_commands: a node by itself says how to be in a cluster") {
  auto at = fake_node{};
  at.start(std::nullopt);
  auto result = run_main({"cluster", "status", "--data-dir", at.folder()});
  CHECK(result.code == exit_no_input);
  CHECK(
    result.err == "error: this node is in no cluster; add a [cluster] table\n");
}

TEST_CASE("cluster_commands: where no node runs nobody is asked") {
  auto at = fake_node{};
  auto result = run_main({"cluster", "status", "--data-dir", at.folder()});
  CHECK(result.code == exit_unavailable);
  CHECK(result.err.find("error: no node runs on " + at.folder()) == 0);
}

TEST_CASE("cluster_commands: wrong words are a fault of the command line") {
  auto words = GENERATE(
    std::vector<std::string>{"cluster"},
    std::vector<std::string>{"cluster", "ring"},
    std::vector<std::string>{"cluster", "drain"},
    std::vector<std::string>{"cluster", "remove"},
    std::vector<std::string>{"cluster", "status", "n1"},
    std::vector<std::string>{"cluster", "replicas"},
    std::vector<std::string>{"cluster", "replicas", "many"},
    std::vector<std::string>{"cluster", "replicas", "-1"},
    std::vector<std::string>{"cluster", "ring", "plan", "--without"});
  CHECK(run_main(words).code == exit_usage);
}

TEST_CASE("cluster_commands: completion knows them") {
  auto script = run_main({"completion", "bash"}).out;
  CHECK(script.find("rebalance") != script.npos);
  CHECK(script.find("--without") != script.npos);
}
