#include "config/effective.hpp"
#include "tests/config/reading.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

const auto full = std::string{R"([node]
name = "n1"
[cluster]
name = "Orders_1"
seeds = ["n1.lan:25680", "[fd00::2]:25680"]
listen = "0.0.0.0:7"
advertise = "n1.lan:25680"
tls = { ca = "/dev/null", cert = "/dev/null", key = "/dev/zero" }
replicas = 2
coordinator = "managed"
[cluster.etcd]
local_port = 8
program = "/opt/etcd"
members.n1 = { host = "n1.lan", client_port = 9, peer_port = 10 }
members."n-2" = { host = "fd00::2" }
members.n3 = { host = "10.0.0.3" }
)"};

std::string with_etcd(const std::string& more) {
  return "[node]\nname = 'n1'\n[cluster]\nname = 'c'\n" + more;
}

const auto three_etcds =
  std::string{"etcd.members.n1 = { host = '127.0.0.1' }\n"
              "etcd.members.n2 = { host = '127.0.0.2' }\n"
              "etcd.members.n3 = { host = '127.0.0.3' }\n"};

} // namespace

TEST_CASE("cluster: without its section a node is by itself") {
  CHECK_FALSE(read_one("[node]\n").config.cluster);
}

TEST_CASE("cluster: keys left out have the defaults of the structs") {
  auto text = with_etcd(three_etcds);
  REQUIRE(summary(faults_of(text)) == "");
  auto read = read_one(text).config.cluster;
  REQUIRE(read);
  auto expected = cluster_config{};
  expected.name = "c";
  expected.etcd = managed_etcd_config{
    {{"n1", {"127.0.0.1"}}, {"n2", {"127.0.0.2"}}, {"n3", {"127.0.0.3"}}}};
  CHECK(*read == expected);
  CHECK(read->listen == "127.0.0.1:25680");
  CHECK(read->advertise == "");
  CHECK(read->replicas == 3);
  CHECK(std::get<managed_etcd_config>(read->etcd).local_port == 25683);
}

TEST_CASE("cluster: every key of a member that runs an etcd") {
  REQUIRE(summary(faults_of(full)) == "");
  auto read = read_one(full).config.cluster;
  REQUIRE(read);
  CHECK(read->name == "Orders_1");
  CHECK(
    read->seeds == std::vector<std::string>{"n1.lan:25680", "[fd00::2]:25680"});
  CHECK(read->listen == "0.0.0.0:7");
  CHECK(read->advertise == "n1.lan:25680");
  REQUIRE(read->tls);
  CHECK(
    *read->tls == cluster_tls_config{"/dev/null", "/dev/null", "/dev/zero"});
  CHECK(read->replicas == 2);
  const auto& etcd = std::get<managed_etcd_config>(read->etcd);
  CHECK(etcd.local_port == 8);
  CHECK(etcd.program == "/opt/etcd");
  REQUIRE(etcd.members.size() == 3);
  CHECK(etcd.members.at("n1") == etcd_place_config{"n1.lan", 9, 10});
  CHECK(etcd.members.at("n-2") == etcd_place_config{"fd00::2", 25681, 25682});
}

TEST_CASE("cluster: the first three or five seeds run the etcd") {
  struct row {
    const char* seeds;
    std::vector<std::string> nodes;
  };
  auto x = GENERATE(
    row{"'n1.lan:7'", {"n1"}}, row{"'a:7', 'b:8', 'c:7'", {"a", "b", "c"}},
    row{"'a:7', 'b:7', 'c:7', 'd:7'", {"a", "b", "c"}},
    row{"'a:7', 'b:7', 'c:7', 'd:7', 'e:7'", {"a", "b", "c", "d", "e"}},
    row{"'a:7', 'b:7', 'c:7', 'd:7', 'e:7', 'f:7'", {"a", "b", "c", "d", "e"}});
  auto text = with_etcd(
    "seeds = [" + std::string{x.seeds}
    + "]\ntls = { ca = '/dev/null', cert = '/dev/null', key = '/dev/null' }\n");
  CAPTURE(text);
  auto faults = faults_of(text);
  CHECK(std::ranges::none_of(
    faults, [](const auto& f) { return f.id.starts_with('E'); }));
  auto members =
    std::get<managed_etcd_config>(read_one(text).config.cluster->etcd).members;
  auto nodes = std::vector<std::string>{};
  for (const auto& [name, place] : members) nodes.push_back(name);
  CHECK(nodes == x.nodes);
  for (const auto& [name, place] : members) {
    CHECK(place.host.substr(0, place.host.find('.')) == name);
    CHECK(place.client_port == 25681);
  }
}

TEST_CASE("cluster: seeds count less than the nodes that are named") {
  auto text = with_etcd("seeds = ['10.0.0.1:7', 'x:7']\n" + three_etcds);
  CHECK(summary(faults_of(text)) == "");
  auto read = read_one(text).config.cluster;
  CHECK(std::get<managed_etcd_config>(read->etcd).members.contains("n3"));
  CHECK(std::get<managed_etcd_config>(read->etcd).members.size() == 3);
}

TEST_CASE("cluster: an etcd of the operator's") {
  auto text = with_etcd(R"(coordinator = "etcd"
etcd.endpoints = ["10.0.0.1:2379", "[fd00::2]:2379"]
etcd.tls = { ca = "/dev/null", cert = "/dev/null", key = "/dev/zero" }
)");
  REQUIRE(summary(faults_of(text)) == "");
  auto read = read_one(text).config.cluster;
  REQUIRE(read);
  const auto& etcd = std::get<remote_etcd_config>(read->etcd);
  CHECK(
    etcd.endpoints
    == std::vector<std::string>{"10.0.0.1:2379", "[fd00::2]:2379"});
  REQUIRE(etcd.tls);
  CHECK(etcd.tls->key == "/dev/zero");
}

TEST_CASE("cluster: what takes effect reads back") {
  auto text = GENERATE(
    as<std::string>{}, full, with_etcd(three_etcds),
    with_etcd("seeds = ['n1.lan:7', 'n2.lan:7', 'n3.lan:7']\n"),
    with_etcd("coordinator = 'etcd'\netcd.endpoints = ['a:1']\n"),
    with_etcd("coordinator = 'etcd'\netcd.endpoints = ['a:1']\netcd.tls = "
              "{ ca = 'a', cert = 'b', key = 'c' }\n"));
  auto read = read_one(text);
  REQUIRE(summary(read.faults) == "");
  auto written = effective(read.config);
  CAPTURE(written);
  auto again = read_one(written);
  CHECK(summary(again.faults) == "");
  CHECK(again.config == read.config);
}

TEST_CASE("cluster: every default is visible") {
  auto text = effective(read_one(with_etcd(three_etcds)).config);
  auto start = text.find("\n[cluster]\n");
  REQUIRE(start != text.npos);
  CHECK(text.substr(start) == R"(
[cluster]
name = "c"
listen = "127.0.0.1:25680"
replicas = 3
coordinator = "managed"
etcd.members.n1.host = "127.0.0.1"
etcd.members.n1.client_port = 25681
etcd.members.n1.peer_port = 25682
etcd.members.n2.host = "127.0.0.2"
etcd.members.n2.client_port = 25681
etcd.members.n2.peer_port = 25682
etcd.members.n3.host = "127.0.0.3"
etcd.members.n3.client_port = 25681
etcd.members.n3.peer_port = 25682
etcd.local_port = 25683
etcd.program = "etcd"
)");
}

TEST_CASE("cluster: a section in two files names both places") {
  auto text = with_etcd(three_etcds);
  auto read = read_texts(
    {{"a.toml", text}, {"b.toml", "[cluster]\nname = 'd'\n"}},
    small_environment);
  REQUIRE(summary(read.faults) == "E0105 1:2");
  CHECK(read.faults[0].where.file == "b.toml");
  CHECK(read.faults[0].note == "the first is in a.toml, line 3");
  CHECK(read.config.cluster->name == "c");
}

TEST_CASE("cluster: faults name the section, the nearest key and the cure") {
  auto faults =
    faults_of(with_etcd(three_etcds + "etcd.membres = 1\nseed = 1\n"));
  REQUIRE(summary(faults) == "E0101 8:6, E0101 9:1");
  CHECK(faults[0].message == "[cluster.etcd] has an unknown key `membres`");
  CHECK(faults[0].help == "did you mean `members`?");
  CHECK(faults[1].message == "[cluster] has an unknown key `seed`");
  CHECK(faults[1].help == "did you mean `seeds`?");
}

TEST_CASE("cluster: that two etcds are too few is explained") {
  auto faults =
    faults_of(with_etcd("etcd.members.n1 = { host = '127.0.0.1' }\n"
                        "etcd.members.n2 = { host = '127.0.0.2' }\n"));
  REQUIRE(summary(faults) == "E0143 5:6");
  CHECK(faults[0].message == "2 nodes are to run an etcd; name 3 or 5");
  CHECK(faults[0].label == "two cannot outvote the loss of either");
}

TEST_CASE("cluster: offline, nobody looks for certificates") {
  auto text = full;
  text.replace(text.find("/dev/zero"), 9, "no/such/file");
  auto options = test_options();
  CHECK(summary(check(read_one(text), options)) == "E0123 8:53");
  options.is_offline = true;
  CHECK(summary(check(read_one(text), options)) == "");
}

TEST_CASE("cluster: queues of memory stay what they are") {
  auto text = with_etcd(three_etcds)
              + "[queues.q]\ntype = 'memory'\n[sources.a]\n"
                "type = 'amqp_server'\n";
  CHECK(summary(faults_of(text)) == "");
}
