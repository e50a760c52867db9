#include "engine/coordinator/cluster_records.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace troupe;
using namespace troupe::cluster;

namespace {

const auto group_text =
  std::string{R"({"epoch":3,"leader":2,"replicas":[2,1],"in_sync":[{"id":2,)"
              R"("store_id":"00000000000000010000000000000002"}],"adding":[4],)"
              R"("removing":[1],"cause":"failover"})"};

group_record some_group() {
  return {
    3,
    member_id{2},
    {member_id{2}, member_id{1}},
    {{member_id{2}, {1, 2}}},
    {member_id{4}},
    {member_id{1}},
    record_cause::failover};
}

node_record some_node() {
  return {
    member_id{7},          "10.0.0.7:5670", "10.0.0.7:5680", 12, {3, 4}, 1, 2,
    member_state::draining};
}

std::string
replaced(std::string text, std::string_view what, std::string_view by) {
  auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

void check_corrupt(const std::string& text, const std::string& field) {
  auto read = decode_group("/troupe/x/groups/7", text);
  INFO(text.substr(0, 200));
  REQUIRE(read.has_error());
  CHECK(read.error().code == errc::corrupt);
  CHECK(read.error().detail.find("/troupe/x/groups/7") != std::string::npos);
  CHECK(read.error().detail.find(field) != std::string::npos);
}

} // namespace

TEST_CASE("cluster_records: a group's record is this text", "[records]") {
  CHECK(encode(some_group()) == group_text);
  CHECK(decode_group("k", group_text).value() == some_group());
}

TEST_CASE(
  "cluster_records: a group's record says how many stay in sync", "[records]") {
  auto record = some_group();
  record.min_in_sync = 3;
  auto text = group_text;
  text.insert(text.size() - 1, R"(,"min_in_sync":3)");
  CHECK(encode(record) == text);
  CHECK(decode_group("k", text).value() == record);
  check_corrupt(replaced(text, "sync\":3", "sync\":-3"), "min_in_sync");
}

TEST_CASE("cluster_records: values come back as they were", "[records]") {
  CHECK(decode_node("k", encode(some_node())).value() == some_node());
  auto meta = cluster_meta{1, 1024, 64, 3, 2, "c-1"};
  CHECK(decode_meta("k", encode(meta)).value() == meta);
  auto empty = group_record{};
  empty.epoch = ~epoch_number{0};
  CHECK(decode_group("k", encode(empty)).value() == empty);
}

TEST_CASE("cluster_records: unknown fields are left alone", "[records]") {
  auto text = replaced(group_text, "{", R"({"later":{"x":[1]},)");
  CHECK(decode_group("k", text).value() == some_group());
}

TEST_CASE("cluster_records: what does not fit is corrupt", "[records]") {
  check_corrupt("", "JSON");
  check_corrupt("[]", "JSON");
  check_corrupt(group_text.substr(0, 50), "JSON");
  check_corrupt(std::string(most_record_bytes + 1, ' '), "size");
  check_corrupt(std::string(1000, '['), "JSON");
  check_corrupt(replaced(group_text, "\"epoch\":3", "\"epoch\":0"), "epoch");
  check_corrupt(replaced(group_text, "\"epoch\":3", "\"epoch\":-1"), "epoch");
  check_corrupt(replaced(group_text, "\"epoch\"", "\"epic\""), "epoch");
  check_corrupt(replaced(group_text, ":2,\"rep", ":65536,\"rep"), "leader");
  check_corrupt(replaced(group_text, "[2,1]", "[2,2]"), "replicas");
  check_corrupt(replaced(group_text, "[2,1]", "[0]"), "replicas");
  check_corrupt(replaced(group_text, "[2,1]", "{}"), "replicas");
  check_corrupt(replaced(group_text, "0002\"", "\""), "in_sync");
  check_corrupt(replaced(group_text, "{\"id\":2", "{\"id\":0"), "in_sync");
  check_corrupt(replaced(group_text, "failover", "mood"), "cause");
  auto many = std::string{"[1"};
  for (unsigned i = 2; i <= most_listed_members + 1; ++i)
    many += ',' + std::to_string(i);
  check_corrupt(replaced(group_text, "[2,1]", many + "]"), "replicas");
}

TEST_CASE("cluster_records: nodes need an id and a range", "[records]") {
  auto node = some_node();
  node.id = nobody;
  CHECK(decode_node("k", encode(node)).has_error());
  node = some_node();
  node.protocol_min = 3;
  CHECK(decode_node("k", encode(node)).has_error());
  node = some_node();
  node.addr_ctl = std::string(most_field_bytes + 1, 'x');
  CHECK(decode_node("k", encode(node)).has_error());
}

TEST_CASE("cluster_records: any text is read or refused", "[records]") {
  auto chance = std::mt19937{1};
  auto read = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto text = group_text;
    for (auto n = chance() % 4; n < 4; ++n)
      text[chance() % text.size()] = static_cast<char>(chance());
    if (i % 3 == 0) text.resize(chance() % text.size());
    auto group = decode_group("k", text);
    if (group.has_error()) continue;
    ++read;
    REQUIRE(decode_group("k", encode(*group)).value() == *group);
  }
  CHECK(read > 0);
}

TEST_CASE("cluster_records: keys lie under the cluster", "[records]") {
  const auto prefix = cluster_prefix("eu-1").value();
  CHECK(prefix == "/troupe/eu-1/");
  CHECK(cluster_meta_key(prefix) == "/troupe/eu-1/meta");
  CHECK(controller_key(prefix) == "/troupe/eu-1/ctl");
  CHECK(node_key(prefix, "n1") == "/troupe/eu-1/nodes/n1");
  CHECK(group_key(prefix, group_id{63}) == "/troupe/eu-1/groups/63");
  CHECK(parse_node_key(prefix, "/troupe/eu-1/nodes/n1").value() == "n1");
  CHECK(
    parse_group_key(prefix, "/troupe/eu-1/groups/63").value() == group_id{63});
}

TEST_CASE("cluster_records: strange names and keys are refused", "[records]") {
  for (auto name : {"", "a/b", "a b", "\xc3\xa4"})
    CHECK(cluster_prefix(name).has_error());
  const auto prefix = std::string{"/troupe/x/"};
  for (auto tail : {"", "64", "-1", "07", "7x", "999999999999"})
    CHECK(parse_group_key(prefix, groups_prefix(prefix) + tail).has_error());
  CHECK(parse_group_key(prefix, "/troupe/y/groups/7").has_error());
  CHECK(parse_node_key(prefix, "/troupe/x/nodes/").has_error());
  CHECK(parse_node_key(prefix, "/troupe/x/nodes/a/b").has_error());
}
