#include "engine/coordinator/etcd_codec.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using kind = etcd_watch_line::kind;

namespace {

std::string range_of(const std::string& kvs, const std::string& at = "9") {
  return R"({"header":{"cluster_id":"18446744073709551615","member_id":"7",)"
         R"("revision":")"
         + at + R"("},"kvs":)" + kvs + "}";
}

std::string line_of(const std::string& what) {
  return R"({"result":{"header":{"cluster_id":"5","revision":"9"},)" + what
         + "}}";
}

const auto asked = txn_request{{{"a", 3}, {"b", 0}}, {}, {}, {}};

} // namespace

// -- requests

TEST_CASE("etcd_codec: requests are these") {
  CHECK(range_json("t/") == R"({"key":"dC8=","range_end":"dDA="})");
  CHECK(range_json("") == R"({"key":"AA==","range_end":"AA=="})");
  CHECK(range_json("a\xff") == R"({"key":"Yf8=","range_end":"Yg=="})");
  CHECK(range_json("\xff") == R"({"key":"/w==","range_end":"AA=="})");
  CHECK(
    watch_json("t/", 41)
    == R"({"create_request":{"key":"dC8=","range_end":"dDA=",)"
       R"("start_revision":"42"}})");
  CHECK(grant_json(std::chrono::seconds{3}) == R"({"TTL":"3"})");
  CHECK(lease_json(session_id{-5}) == R"({"ID":"-5"})");
  CHECK(
    member_json(18446744073709551615u) == R"({"ID":"18446744073709551615"})");
  CHECK(new_member_json("http://a\"b") == R"({"peerURLs":["http://a\"b"]})");
}

TEST_CASE(
  "etcd_codec: a txn compares, writes, and else reads what it compared") {
  auto what =
    txn_request{{{"a", 3}, {"a", 4}}, {{"b", "1"}}, {"c"}, session_id{7}};
  CHECK(
    txn_json(what)
    == R"({"compare":[{"key":"YQ==","target":"MOD","result":"EQUAL",)"
       R"("mod_revision":"3"},{"key":"YQ==","target":"MOD","result":"EQUAL",)"
       R"("mod_revision":"4"}],"success":[{"request_put":{"key":"Yg==",)"
       R"("value":"MQ==","lease":"7"}},{"request_delete_range":)"
       R"({"key":"Yw=="}}],"failure":[{"request_range":{"key":"YQ=="}}]})");
  CHECK(txn_json({}) == R"({"compare":[],"success":[],"failure":[]})");
}

// -- answers

TEST_CASE("etcd_codec: a range is read, zeroes left out as they are") {
  auto read = parse_range(
                range_of(R"([{"key":"dC9h","mod_revision":"3","value":"AP8="},)"
                         R"({"key":"dC9i","mod_revision":9}])"),
                "t/")
                .value();
  CHECK(read.header == etcd_header{18446744073709551615u, 7, 9});
  CHECK(
    read.range == kept_range{9, {{"t/a", {"\0\xff", 2}, 3}, {"t/b", "", 9}}});
  CHECK(
    parse_range(R"({"header":{"revision":"1"}})", "t/").value().range
    == kept_range{1, {}});
}

TEST_CASE("etcd_codec: a range that cannot be is an error") {
  auto text = GENERATE(
    as<std::string>{}, "", "null", "[]", "{}", "{\"header\":{}}",
    "{\"header\":", range_of("{}"), range_of("[1]"), range_of("null"),
    range_of(R"([{"mod_revision":"3"}])"),               // no key
    range_of(R"([{"key":"dC9h"}])"),                     // no revision
    range_of(R"([{"key":"dC9h","mod_revision":"10"}])"), // of the future
    range_of(R"([{"key":"dC9h","mod_revision":"-1"}])"), //
    range_of(R"([{"key":"dC9h","mod_revision":"3x"}])"), //
    range_of(R"([{"key":"dC9h","mod_revision":" 3"}])"), //
    range_of(R"([{"key":"dC9h","mod_revision":3.5}])"),  //
    range_of(R"([{"key":"dC9h","mod_revision":true}])"), //
    range_of(R"([{"key":"dS9h","mod_revision":"3"}])"),  // another prefix
    range_of(R"([{"key":"dC9","mod_revision":"3"}])"),   // no base64
    range_of(R"([{"key":"d C9h","mod_revision":"3"}])"), //
    range_of(R"([{"key":7,"mod_revision":"3"}])"),       //
    range_of(R"([{"key":"dC9h","value":{},"mod_revision":"3"}])"),
    range_of(R"([{"key":"dC9i","mod_revision":"3"},)"
             R"({"key":"dC9h","mod_revision":"3"}])"), // out of order
    range_of(R"([{"key":"dC9h","mod_revision":"3"},)"
             R"({"key":"dC9h","mod_revision":"3"}])"), // twice
    range_of("[]", "0"), range_of("[]", "99999999999999999999"),
    R"({"header":{"revision":"9"},"more":true})");
  INFO(text);
  auto read = parse_range(text, "t/");
  REQUIRE(!read);
  CHECK(read.error().detail.find("endpoint") != std::string::npos);
}

TEST_CASE("etcd_codec: what is nested deeply costs nothing") {
  auto deep = std::string(1'000'000, '[');
  CHECK(!parse_range(deep, ""));
  auto objects = std::string{};
  for (auto i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(!parse_txn(objects, asked));
  CHECK(!parse_watch_line(deep, "", 0));
  CHECK(parse_failure(deep).message.size() <= 200);
}

TEST_CASE("etcd_codec: a txn was done, or not, with what stands instead") {
  auto done = parse_txn(
                R"({"header":{"cluster_id":"5","revision":"9"},)"
                R"("succeeded":true,"responses":[{"response_put":{}}]})",
                asked)
                .value();
  CHECK(done.answer == txn_answer{txn_outcome::done, 9, {}, {}});
  CHECK(done.header.cluster == 5);
  auto conflict =
    parse_txn(
      R"({"header":{"revision":"9"},"responses":[)"
      R"({"response_range":{"kvs":[{"key":"YQ==","mod_revision":"8",)"
      R"("value":"eA=="}]}},{"response_range":{}}]})",
      asked)
      .value();
  CHECK(
    conflict.answer
    == txn_answer{txn_outcome::conflict, 9, {{"a", "x", 8}}, {}});
}

TEST_CASE("etcd_codec: a txn's answer to another question is an error") {
  auto text = GENERATE(
    as<std::string>{}, "{}", R"({"succeeded":true})",
    R"({"header":{"revision":"9"},"succeeded":"true"})",
    R"({"header":{"revision":"9"},"responses":{}})",
    R"({"header":{"revision":"9"},"responses":[{"response_put":{}}]})",
    R"({"header":{"revision":"9"},"responses":[{"response_range":7}]})",
    R"({"header":{"revision":"9"},"responses":[{"response_range":)"
    R"({"kvs":[{"key":"Yw==","mod_revision":"8"}]}}]})");
  INFO(text);
  CHECK(!parse_txn(text, asked));
  // Without expectations none can be wrong.
  CHECK(!parse_txn(R"({"header":{"revision":"9"}})", {}));
}

TEST_CASE("etcd_codec: a watch's lines are told apart") {
  auto begun = parse_watch_line(line_of(R"("created":true)"), "t/", 3).value();
  CHECK(begun.what == kind::nothing);
  CHECK(begun.header.cluster == 5);
  auto changed =
    parse_watch_line(
      line_of(R"("events":[{"kv":{"key":"dC9h","mod_revision":"4"}},)"
              R"({"type":"DELETE","kv":{"key":"dC9i","mod_revision":"4"}},)"
              R"({"type":"PUT","kv":{"key":"dC9h","mod_revision":"6",)"
              R"("value":"eA=="}}])"),
      "t/", 3)
      .value();
  CHECK(changed.what == kind::changes);
  CHECK(
    changed.changes
    == std::vector<key_change>{
      {"t/a", "", 4}, {"t/b", {}, 4}, {"t/a", "x", 6}});
  auto forgotten = parse_watch_line(
    line_of(R"("canceled":true,"compact_revision":"8")"), "t/", 3);
  CHECK(forgotten.value().what == kind::forgotten);
  auto ended = parse_watch_line(
    line_of(R"("canceled":true,"cancel_reason":"no leader")"), "t/", 3);
  CHECK(ended.value().what == kind::ended);
  CHECK(ended.value().why == "no leader");
  auto failed = parse_watch_line(
    R"({"error":{"grpc_code":14,"message":"no leader"}})", "t/", 3);
  CHECK(failed.value().what == kind::ended);
}

TEST_CASE("etcd_codec: changes that were told or make no sense are an error") {
  auto text = GENERATE(
    as<std::string>{}, "", "{}", R"({"result":7})", R"({"error":7})",
    line_of(R"("events":[{"kv":{"key":"dC9h","mod_revision":"3"}}])"),
    line_of(R"("events":[{"kv":{"key":"dC9h","mod_revision":"5"}},)"
            R"({"kv":{"key":"dC9h","mod_revision":"4"}}])"),
    line_of(R"("events":[{"type":"GONE","kv":{"key":"dC9h",)"
            R"("mod_revision":"4"}}])"),
    line_of(R"("events":[{"kv":{"key":"dS9h","mod_revision":"4"}}])"),
    line_of(R"("events":[{}])"), line_of(R"("canceled":1)"));
  INFO(text);
  CHECK(!parse_watch_line(text, "t/", 3));
}

TEST_CASE("etcd_codec: leases are read from both of their answers") {
  auto granted = parse_lease(R"({"header":{},"ID":"77","TTL":"3"})").value();
  CHECK(granted.id == session_id{77});
  CHECK(granted.ttl.count() == 3);
  auto kept = parse_lease(R"({"result":{"ID":"77"}})").value();
  CHECK(kept.id == session_id{77});
  CHECK(kept.ttl.count() == 0);
  CHECK(!parse_lease(R"({"TTL":"3"})"));
  CHECK(!parse_lease(R"({"ID":"77","TTL":"-1"})"));
  CHECK(!parse_lease(R"({"ID":"77","TTL":"9223372036854775807"})"));
  CHECK(!parse_lease(R"({"result":[]})"));
}

TEST_CASE("etcd_codec: members are read") {
  auto read =
    parse_members(
      R"({"header":{},"members":[{"ID":"18446744073709551615","name":"a",)"
      R"("peerURLs":["http://a:1"],"clientURLs":["http://a:2"]},)"
      R"({"ID":"2","peerURLs":["http://b:1"]}]})")
      .value();
  CHECK(
    read.members
    == std::vector<etcd_listed_member>{
      {18446744073709551615u, "a", {"http://a:1"}, {"http://a:2"}},
      {2, "", {"http://b:1"}, {}}});
  CHECK(!parse_members("{}"));
  CHECK(!parse_members(R"({"members":[{"name":"a"}]})"));
  CHECK(!parse_members(R"({"members":[{"ID":"1","peerURLs":[1]}]})"));
  CHECK(!parse_members(R"({"members":[{"ID":"1","peerURLs":"x"}]})"));
}

TEST_CASE("etcd_codec: failures say whether something may have been done") {
  auto refused = parse_failure(R"({"message":"lease not found","code":5})");
  CHECK(refused.message == "lease not found");
  CHECK(refused.is_refusal());
  auto leaderless =
    parse_failure(R"({"message":"etcdserver: no leader","code":14})");
  CHECK(leaderless.is_leaderless());
  CHECK(!leaderless.is_refusal());
  for (auto text :
       {R"({"message":"etcdserver: request timed out","code":14})", "",
        "<html>", R"({"code":"x"})", R"({"code":99})", R"({"code":0})",
        R"({"message":7,"code":5})"}) {
    INFO(text);
    CHECK(!parse_failure(text).is_refusal());
    CHECK(!parse_failure(text).is_leaderless());
  }
}
