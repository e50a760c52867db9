#include "config/effective.hpp"
#include "tests/config/reading.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

void check_round_trip(const pipeline_config& config) {
  auto text = effective(config);
  CAPTURE(text);
  auto again = read_one(text);
  CHECK(summary(again.faults) == "");
  CHECK(again.config == config);
  CHECK(effective(again.config) == text);
}

} // namespace

TEST_CASE("effective: a pipeline reads back as it was") {
  check_round_trip({});
  check_round_trip(read_one(orders).config);
}

TEST_CASE("effective: texts and numbers of every kind read back") {
  auto read = read_one(R"([node]
name = "a \" \\ \t \u0001 \u007f ä $${HOME_TOWN} $"
shutdown_grace = "1500ms"
memory_budget = "1048577B"
[queues."a.b-c"]
order = { key = 'header:"x"' }
[sources.f]
type = "file"
path = "/tmp/with space"
format = "csv"
key = "json:id"
[routers.r]
inputs = ["f"]
type = "match"
unmatched = "drop"
route."z.y" = 'header.kind != "test"'
route.b = 'a'
[handlers.h]
inputs = ["f", "r.b"]
settings = { "odd key\n" = "", plain = 1.5, big = 1e300 }
[handlers.h.retry]
backoff = { initial = "0s", factor = 1.1, max = "36500d", jitter = 1 }
[sinks.t]
inputs = ["h"]
type = "file"
path = "out"
format = "json"
[sinks.u]
inputs = ["h"]
type = "queue"
queue = "a.b-c"
)");
  REQUIRE(summary(read.faults) == "");
  CHECK(read.config.node.name == "a \" \\ \t \x01 \x7f ä ${HOME_TOWN} $");
  check_round_trip(read.config);
}

TEST_CASE("effective: servers, users and vhosts read back") {
  auto read = read_one(R"([sources.amqp]
type = "amqp_server"
listen = "[::]:5672"
vhost = "/shop"
exchange = "orders"
compat = "rabbitmq-3.13"
max_connections = 7
channel_max = 8
frame_max = "8KiB"
heartbeat = "0s"
max_message_size = "1MiB"
[sources.amqp.tls]
listen = "[::]:5671"
cert = "a"
key = "b"
ca = "c"
verify = "require"
[sources.plain]
type = "amqp_server"
[vhosts."/shop"]
description = "where it is sold"
[vhosts.eu]
[users."anna b"]
password = "secret"
tags = ["administrator", "impersonator"]
from = "this_machine"
[users."anna b".permissions]
"/shop" = { configure = "", write = '\.x$', read = ".*" }
"/" = {}
[users.bert]
)");
  REQUIRE(summary(read.faults) == "");
  check_round_trip(read.config);
  CHECK(effective(read.config).find("secret") == std::string::npos);
}

TEST_CASE("effective: every default is visible") {
  auto text = effective(
    read_one("[queues.q]\n[handlers.charge]\ninputs = ['q']\n").config);
  CHECK(text == R"(config_version = 1

[node]
name = "troupe-0"
data_dir = "troupe-data"
shutdown_grace = "1m"
memory_budget = "256MiB"
log_level = "info"

[queues.q]
type = "durable"
confirm = "fsync"
max_length = 1000000

[handlers.charge]
inputs = ["q"]
class = "charge"
threads = 1
prefetch = 256
timeout = "30s"
retry.attempts = 8
retry.backoff.initial = "1s"
retry.backoff.factor = 2.0
retry.backoff.max = "10m"
retry.backoff.jitter = 0.2
supervise.strategy = "one_for_one"
supervise.max_restarts = 1000
supervise.within = "1m"
supervise.then = "pause"
supervise.backoff.initial = "10ms"
supervise.backoff.factor = 2.0
supervise.backoff.max = "5s"
supervise.backoff.jitter = 0.2
)");
}
