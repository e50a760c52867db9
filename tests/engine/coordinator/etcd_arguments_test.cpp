#include "engine/coordinator/etcd_arguments.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace troupe;

namespace {

etcd_settings settings() {
  auto made = etcd_settings{};
  made.name = "a";
  made.folder = "/var/lib/troupe";
  made.client = {"127.0.0.1", 2479};
  made.members = {
    {"a", {"node-a.example", 2480}},
    {"b", {"10.0.0.2", 2480}},
    {"c", {"::1", 2480}}};
  made.token = "5d41";
  made.peer_tls = etcd_tls{"/k/ca.pem", "/k/peer.pem", "/k/peer.key"};
  return made;
}

std::string text(const std::vector<std::string>& words) {
  auto out = std::string{};
  for (const auto& x : words) out += x + '\n';
  return out;
}

} // namespace

TEST_CASE("etcd_arguments: they are these") {
  CHECK(
    text(etcd_arguments(settings(), etcd_beginning::anew, settings().members))
    == R"(--name=a
--data-dir=/var/lib/troupe/etcd
--listen-client-urls=http://127.0.0.1:2479
--advertise-client-urls=http://127.0.0.1:2479
--listen-peer-urls=https://0.0.0.0:2480
--initial-advertise-peer-urls=https://node-a.example:2480
--initial-cluster=a=https://node-a.example:2480,b=https://10.0.0.2:2480,c=https://[::1]:2480
--initial-cluster-state=new
--initial-cluster-token=5d41
--strict-reconfig-check=true
--pre-vote=true
--heartbeat-interval=100
--election-timeout=1000
--auto-compaction-mode=revision
--auto-compaction-retention=10000
--quota-backend-bytes=268435456
--experimental-initial-corrupt-check=true
--experimental-corrupt-check-time=1h
--logger=zap
--log-level=warn
--peer-client-cert-auth=true
--peer-cert-file=/k/peer.pem
--peer-key-file=/k/peer.key
--peer-trusted-ca-file=/k/ca.pem
)");
}

TEST_CASE("etcd_arguments: who joins says so, and asks by TLS where told") {
  auto what = settings();
  what.remote_client = endpoint{"10.0.0.1", 2481};
  what.client_tls = etcd_tls{"/k/ca.pem", "/k/client.pem", "/k/client.key"};
  auto words = etcd_arguments(
    what, etcd_beginning::joining, {what.members[0], what.members[1]});
  auto has = [&](const std::string& word) {
    return std::count(words.begin(), words.end(), word) == 1;
  };
  CHECK(has("--initial-cluster-state=existing"));
  CHECK(has(
    "--initial-cluster=a=https://node-a.example:2480,b=https://10.0.0.2:2480"));
  CHECK(
    has("--listen-client-urls=http://127.0.0.1:2479,https://10.0.0.1:2481"));
  CHECK(has("--client-cert-auth=true"));
  CHECK(has("--trusted-ca-file=/k/ca.pem"));
}

TEST_CASE("etcd_arguments: it listens on addresses where it goes by names") {
  auto what = settings();
  what.remote_client = endpoint{"n1.lan", 2481};
  what.client = endpoint{"localhost", 2479};
  auto out = etcd_arguments(what, etcd_beginning::anew, what.members);
  auto has = [&](const char* text) {
    return std::find(out.begin(), out.end(), text) != out.end();
  };
  CHECK(has("--listen-client-urls=http://127.0.0.1:2479,https://0.0.0.0:2481"));
  CHECK(
    has("--advertise-client-urls=http://localhost:2479,https://n1.lan:2481"));
}

TEST_CASE("etcd_arguments: nothing in them gives safety away") {
  for (auto beginning : {etcd_beginning::anew, etcd_beginning::joining}) {
    auto all = text(etcd_arguments(settings(), beginning, settings().members));
    CHECK(all.find("force-new-cluster") == std::string::npos);
    CHECK(all.find("no-fsync") == std::string::npos);
  }
}

TEST_CASE("etcd_settings: sound ones are taken") {
  CHECK(check(settings()) == error{});
  auto alone = settings();
  alone.members = {{"a", {"127.0.0.1", 2480}}};
  alone.peer_tls.reset();
  CHECK(check(alone) == error{});
}

TEST_CASE("etcd_settings: what is not sound is told, with a cure") {
  auto what = settings();
  auto told = std::string{};
  SECTION("two members") {
    what.members.pop_back();
    told = "name one, or three";
  }
  SECTION("none") {
    what.members.clear();
    told = "name one or three";
  }
  SECTION("many") {
    for (auto i = 0; i < 5; ++i)
      what.members.push_back(
        {"m" + std::to_string(i), {"10.0.1." + std::to_string(i), 2480}});
    told = "three or five";
  }
  SECTION("a name that would be read as a list") {
    what.members[1].name = "b,c=http://evil:1";
    told = "b,c=";
  }
  SECTION("one name twice") {
    what.members[1].name = "a";
    told = "give each its own";
  }
  SECTION("one address twice") {
    what.members[1].peer = what.members[2].peer;
    told = "give each its own";
  }
  SECTION("no port") {
    what.members[1].peer.port = 0;
    told = "a host and a port";
  }
  SECTION("plain text between machines") {
    what.peer_tls.reset();
    told = "need TLS";
  }
  SECTION("plain text for other machines' clients") {
    what.remote_client = endpoint{"10.0.0.1", 2481};
    told = "needs TLS";
  }
  SECTION("a client's port that all can reach") {
    what.client.host = "0.0.0.0";
    told = "127.0.0.1";
  }
  SECTION("another's name") {
    what.name = "d";
    told = "'d' is not among";
  }
  SECTION("no folder") {
    what.folder.clear();
    told = "folder";
  }
  SECTION("an election that no heartbeat can prevent") {
    what.election = duration{400};
    told = "five heartbeats";
  }
  auto fault = check(what);
  CHECK(fault.code == errc::bad_config);
  CHECK_THAT(fault.detail, Catch::Contains(told));
}

TEST_CASE("etcd_version: it is found in what etcd prints") {
  CHECK(
    parse_etcd_version("etcd Version: 3.4.23\nGit SHA: x\n").value()
    == etcd_version{3, 4, 23});
  CHECK(
    parse_etcd_version("etcd Version: 3.5.0-rc.1").value()
    == etcd_version{3, 5, 0});
  for (auto text :
       {"", "etcd Version: ", "etcd Version: 3", "etcd Version: 3.4",
        "etcd Version: 3.x.1", "etcd Version: 99999999999.1.1",
        "etcd Version: -3.4.1", "bash 5.2"})
    CHECK(!parse_etcd_version(text));
}

TEST_CASE("etcd_version: old ones are refused, younger ones come with a word") {
  CHECK(check(etcd_version{3, 3, 99}).code == errc::bad_config);
  CHECK(check(etcd_version{3, 4, 0}) == error{});
  CHECK(!warning_of({3, 4, 30}).empty());
  CHECK(warning_of({3, 4, 31}).empty());
  CHECK(warning_of({3, 5, 0}).empty());
}
