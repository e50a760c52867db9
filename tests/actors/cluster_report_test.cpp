#include "actors/cluster_report.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace troupe;
using cluster::member_id;

namespace {

const auto names =
  std::map<member_id, std::string>{{member_id{1}, "n1"}, {member_id{2}, "n2"}};

cluster::group_record record_of_two() {
  auto out = cluster::group_record{};
  out.epoch = 7;
  out.leader = member_id{2};
  out.replicas = {member_id{2}, member_id{1}};
  out.in_sync = {{member_id{2}, {1, 2}}};
  out.adding = {member_id{9}};
  out.removing = {member_id{1}};
  return out;
}

cluster_report two_members() {
  auto out = cluster_report{};
  out.name = "orders";
  out.self = "n1";
  out.coordinator = "etcd, all three answer";
  out.replicas = 2;
  out.members = {
    {"n1", member_id{1}, cluster::member_state::up, {1, 2}, "10.0.0.1:1", true},
    {"n2", member_id{2}, cluster::member_state::draining, {}, "", false}};
  out.members[1].behind = 12;
  out.groups = {line_of(group_id{3}, record_of_two(), names)};
  out.groups[0].bytes = 4096;
  out.groups.push_back({group_id{4}, "", 1, {"n1"}, {"n1"}, {}, {}});
  out.moves = {"group 3 moves from n2 to n1"};
  count_groups(out);
  return out;
}

} // namespace

TEST_CASE("cluster_report: a record becomes a line with names") {
  auto line = line_of(group_id{3}, record_of_two(), names);
  CHECK(
    line
    == group_line{
      group_id{3}, "n2", 7, {"n2", "n1"}, {"n2"}, {"member 9"}, {"n1"}});
}

TEST_CASE("cluster_report: a group without a leader names nobody") {
  auto record = record_of_two();
  record.leader = cluster::nobody;
  CHECK(line_of(group_id{3}, record, names).leader == "");
}

TEST_CASE("cluster_report: members count what they lead and keep") {
  auto report = two_members();
  CHECK(report.members[0].leads == 0);
  CHECK(report.members[0].keeps == 2);
  CHECK(report.members[1].leads == 1);
  CHECK(report.members[1].keeps == 1);
}

TEST_CASE("cluster_report: status as JSON has members and counts of groups") {
  CHECK(
    status_json(two_members())
    == boost::json::parse(R"({"ok": true, "cluster": "orders", "self": "n1",
      "coordinator": "etcd, all three answer", "replicas": 2,
      "members": [
        {"member": "n1", "id": 1, "up": true, "state": "up", "leads": 0,
         "keeps": 2, "behind": 0, "address": "10.0.0.1:1",
         "store": "00000000000000010000000000000002"},
        {"member": "n2", "id": 2, "up": false, "state": "draining", "leads": 1,
         "keeps": 1, "behind": 12, "address": "",
         "store": "00000000000000000000000000000000"}],
      "groups": {"count": 2, "without_leader": 1, "not_in_sync": 1,
                 "moving": 1, "other_replicas": 1},
      "moves": ["group 3 moves from n2 to n1"]})"));
}

TEST_CASE("cluster_report: the ring as JSON has a row a group") {
  CHECK(ring_json(two_members()) == boost::json::parse(R"({"ok": true, "rows": [
      {"group": 3, "leader": "n2", "epoch": 7, "replicas": ["n2", "n1"],
       "in_sync": ["n2"], "adding": ["member 9"], "removing": ["n1"],
       "bytes": 4096},
      {"group": 4, "leader": "", "epoch": 1, "replicas": ["n1"],
       "in_sync": ["n1"], "adding": [], "removing": [],
       "bytes": null}]})"));
}

TEST_CASE("cluster_report: a cluster that is just made shows nothing") {
  auto report = cluster_report{};
  CHECK(status_json(report).at("members").as_array().empty());
  CHECK(ring_json(report).at("rows").as_array().empty());
  CHECK(find_member(report, "n1") == nullptr);
}
