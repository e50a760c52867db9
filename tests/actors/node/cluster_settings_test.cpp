#include "actors/node/cluster_settings.hpp"
#include "config/check.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

namespace {

/// Reads what a file says; it has to be without faults.
pipeline_config config_of(const std::string& text) {
  auto nothing_set = [](const std::string&) -> std::optional<std::string> {
    return std::nullopt;
  };
  auto read = read_texts({{"n1.toml", text}}, nothing_set);
  auto options = check_options{};
  options.is_offline = true;
  auto faults = check(read, options);
  CAPTURE(to_text(faults, {}));
  REQUIRE_FALSE(has_errors(faults));
  return read.config;
}

const auto start = std::string{
  "[node]\nname = 'n2'\ndata_dir = 'd'\n[cluster]\nname = 'orders'\n"};

const auto on_loopback = start + R"([cluster.etcd.members]
n1 = { host = "127.0.0.1", client_port = 1, peer_port = 2 }
n2 = { host = "127.0.0.1", client_port = 3, peer_port = 4 }
n3 = { host = "127.0.0.1", client_port = 5, peer_port = 6 }
)";

const auto by_tls = start + R"(listen = "0.0.0.0:9"
advertise = "n2.lan:9"
tls = { ca = "ca", cert = "cert", key = "key" }
[cluster.etcd.members]
n1 = { host = "n1.lan" }
n2 = { host = "n2.lan" }
n3 = { host = "n3.lan" }
)";

const auto remote = start + R"(coordinator = "etcd"
[cluster.etcd]
endpoints = ["10.0.0.1:2379", "[fd00::2]:2379"]
tls = { ca = "ca", cert = "cert", key = "key" }
)";

using endpoints = std::vector<endpoint>;

} // namespace

TEST_CASE(
  "cluster_settings: on one machine etcd is run and asked in the clear") {
  auto config = config_of(on_loopback);
  auto own = own_etcd(config);
  REQUIRE(own.has_value());
  CHECK(check(own->settings).code == errc::none);
  CHECK(own->settings.name == "n2");
  CHECK(own->settings.token == "orders");
  CHECK(data_folder(own->settings) == "d/etcd");
  CHECK(own->settings.client == endpoint{"127.0.0.1", 3});
  CHECK_FALSE(own->settings.remote_client);
  REQUIRE(own->settings.members.size() == 3);
  CHECK(own->settings.members[2] == etcd_member{"n3", {"127.0.0.1", 6}});
  CHECK(own->others == endpoints{{"127.0.0.1", 1}, {"127.0.0.1", 5}});
  CHECK_FALSE(own->others_tls);
  auto asked = asked_etcd(config);
  CHECK_FALSE(asked.tls);
  CHECK(
    asked.endpoints
    == endpoints{{"127.0.0.1", 3}, {"127.0.0.1", 1}, {"127.0.0.1", 5}});
}

TEST_CASE("cluster_settings: on several machines all goes by TLS") {
  auto config = config_of(by_tls);
  auto own = own_etcd(config);
  REQUIRE(own.has_value());
  CHECK(check(own->settings).code == errc::none);
  CHECK(own->settings.client == endpoint{"127.0.0.1", 25683});
  CHECK(own->settings.remote_client == endpoint{"n2.lan", 25681});
  CHECK(own->settings.peer_tls == etcd_tls{"ca", "cert", "key"});
  CHECK(own->settings.client_tls == etcd_tls{"ca", "cert", "key"});
  CHECK(own->others == endpoints{{"n1.lan", 25681}, {"n3.lan", 25681}});
  auto files = client_tls_options{"ca", "cert", "key"};
  CHECK(own->others_tls == files);
  auto asked = asked_etcd(config);
  CHECK(asked.tls == files);
  CHECK(asked.endpoints.front() == endpoint{"n2.lan", 25681});
  CHECK(asked.endpoints.size() == 3);
}

TEST_CASE("cluster_settings: a node that is not named runs no etcd") {
  auto text = on_loopback;
  text.replace(text.find("'n2'"), 4, "'n4'");
  auto config = config_of(text);
  CHECK_FALSE(own_etcd(config).has_value());
  CHECK(asked_etcd(config).endpoints.size() == 3);
}

TEST_CASE("cluster_settings: an etcd of the operator's is asked, not run") {
  auto config = config_of(remote);
  CHECK_FALSE(own_etcd(config).has_value());
  auto asked = asked_etcd(config);
  CHECK(asked.endpoints == endpoints{{"10.0.0.1", 2379}, {"fd00::2", 2379}});
  CHECK(asked.tls == client_tls_options{"ca", "cert", "key"});
}

TEST_CASE("cluster_settings: others reach a member where it says, or listens") {
  auto bound = endpoint{"127.0.0.1", 40'000};
  CHECK(advertised(*config_of(by_tls).cluster, bound) == endpoint{"n2.lan", 9});
  CHECK(advertised(*config_of(on_loopback).cluster, bound) == bound);
}
