#include "tests/config/reading.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

TEST_CASE("read: keys left out have the defaults of the structs") {
  auto read = read_one("[queues.a]\n[handlers.charge]\ninputs = [\"a\"]\n");
  CHECK(read.faults.empty());
  CHECK(read.config.node == node_config{});
  auto queue = queue_config{};
  queue.name = "a";
  CHECK(read.config.queues.at("a") == queue);
  const auto& handler = read.config.handlers.at("charge");
  CHECK(handler.class_name == "charge");
  CHECK(handler.retry == retry_config{});
  CHECK(handler.supervise == restart_policy{});
  CHECK(handler.timeout == 30s);
}

TEST_CASE("read: every key of a handler is taken") {
  auto read = read_one(R"([handlers.charge]
inputs = ["a", "b.dead"]
class = "orders::Charge"
threads = 16
prefetch = 32
timeout = "5ms"
settings = { url = "http://${HOME_TOWN}", limit = 7, share = 0.5, on = true }
[handlers.charge.retry]
attempts = 3
backoff = { initial = "1s", factor = 3, max = "1h", jitter = 0.0 }
[handlers.charge.supervise]
strategy = "rest_for_one"
max_restarts = 5
within = "2m"
then = "stop"
)");
  REQUIRE(summary(read.faults).empty());
  const auto& it = read.config.handlers.at("charge");
  CHECK(it.inputs == std::vector<std::string>{"a", "b.dead"});
  CHECK(it.class_name == "orders::Charge");
  CHECK(it.threads == 16);
  CHECK(it.prefetch == 32);
  CHECK(it.timeout == 5ms);
  CHECK(
    it.settings
    == std::map<std::string, std::string>{
      {"limit", "7"},
      {"on", "true"},
      {"share", "0.5"},
      {"url", "http://Oslo"}});
  CHECK(it.retry.attempts == 3);
  CHECK(it.retry.backoff == backoff{1s, 3.0, 1h, 0.0});
  CHECK(it.supervise.strategy == strategy::rest_for_one);
  CHECK(it.supervise.max_restarts == 5);
  CHECK(it.supervise.within == 2min);
  CHECK(it.supervise.then == on_giving_up::stop);
}

TEST_CASE("read: every key of node, queue, source and sink is taken") {
  auto read = read_one(R"([node]
name = "n"
data_dir = "/tmp/x"
shutdown_grace = "1m"
memory_budget = "1GiB"
log_level = "debug"
[queues."a.b"]
type = "memory"
confirm = "memory"
max_length = 1_000
order = { key = "routing_key", partitions = 64 }
[sources.s]
type = "file"
path = "x.csv"
format = "csv"
key = "json:id"
max_record = "1kB"
[sinks.t]
inputs = ["s"]
type = "file"
path = "out"
format = "json"
)");
  REQUIRE(summary(read.faults).empty());
  const auto& config = read.config;
  const auto& [node, queues, sources] =
    std::tie(config.node, config.queues, config.sources);
  CHECK(node == node_config{"n", "/tmp/x", 60s, 1u << 30, "debug"});
  const auto& queue = queues.at("a.b");
  CHECK(queue.type == queue_type::memory);
  CHECK(queue.confirm == confirm_policy::memory);
  CHECK(queue.max_length == 1000);
  CHECK(queue.order == order_config{"routing_key", 64});
  CHECK(
    sources.at("s")
    == source_config{
      "s", source_config::kind::file, "x.csv", record_format::csv, "json:id",
      1000});
  CHECK(config.sinks.at("t").path == "out");
  CHECK(config.sinks.at("t").format == sink_config::line_format::json);
}

TEST_CASE("read: a server has the defaults that clients expect") {
  auto read = read_one("[sources.a]\ntype = 'amqp_server'\n");
  REQUIRE(summary(read.faults).empty());
  const auto& source = read.config.sources.at("a");
  CHECK(source.type == source_config::kind::amqp_server);
  CHECK(source.amqp.listen == "127.0.0.1:5672");
  CHECK(!source.amqp.tls);
  CHECK(source.amqp.vhost == "/");
  CHECK(source.amqp.compat == amqp_compat::lenient);
  CHECK(source.amqp.channel_max == 2047);
  CHECK(source.amqp.frame_max == 131'072);
  CHECK(source.amqp.heartbeat == 60s);
  CHECK(source.amqp.max_message_size == 16'777'216);
}

TEST_CASE("read: every key of a server") {
  auto read = read_one(R"([sources.a]
type = "amqp_server"
listen = "0.0.0.0:0"
tls = { listen = "0.0.0.0:1", cert = "c", key = "k", ca = "a", verify = "peer" }
vhost = "shop"
exchange = "orders"
compat = "strict"
max_connections = 5
channel_max = 6
frame_max = "4KiB"
heartbeat = "7s"
max_message_size = "1B"
)");
  REQUIRE(summary(read.faults).empty());
  auto expected = amqp_server_config{};
  expected.listen = "0.0.0.0:0";
  expected.tls =
    tls_config{"0.0.0.0:1", "c", "k", "a", client_certificate::peer};
  expected.vhost = "shop";
  expected.exchange = "orders";
  expected.compat = amqp_compat::strict;
  expected.max_connections = 5;
  expected.channel_max = 6;
  expected.frame_max = 4096;
  expected.heartbeat = 7s;
  expected.max_message_size = 1;
  CHECK(read.config.sources.at("a").amqp == expected);
}

TEST_CASE("read: names of users and vhosts may be any text") {
  auto read = read_one("[vhosts.\"/Shop EU\"]\n[users.\"CN=Anna,O=x\"]\n");
  REQUIRE(summary(read.faults).empty());
  CHECK(read.config.vhosts.at("/Shop EU").name == "/Shop EU");
  CHECK(read.config.users.at("CN=Anna,O=x").name == "CN=Anna,O=x");
}

TEST_CASE("read: routes keep the order of the file") {
  auto read = read_one(R"([routers.r]
inputs = ["s"]
type = "match"
route.z = 'a'
route.b = 'b'
route.m = 'c'
unmatched = "rest"
)");
  const auto& rule = std::get<match_router>(read.config.routers.at("r").rule);
  CHECK(
    rule.routes
    == std::vector<match_router::route>{{"z", "a"}, {"b", "b"}, {"m", "c"}});
  CHECK(rule.unmatched == "rest");
}

TEST_CASE("read: several files make one configuration") {
  auto read = read_texts(
    {{"a.toml", "[queues.a]\n"}, {"b.toml", "[queues.b]\n[node]\nname='x'"}},
    small_environment);
  CHECK(read.faults.empty());
  CHECK(read.config.queues.size() == 2);
  CHECK(read.config.node.name == "x");
}

TEST_CASE("read: a component in two files names both places") {
  auto read = read_texts(
    {{"a.toml", "\n[queues.a]\nmax_length = 1\n"}, {"b.toml", "[queues.a]\n"}},
    small_environment);
  REQUIRE(summary(read.faults) == "E0105 1:9");
  CHECK(read.faults[0].where.file == "b.toml");
  CHECK(read.faults[0].note == "the first is in a.toml, line 2");
  CHECK(read.config.queues.at("a").max_length == 1);
}

TEST_CASE("read: a file that is not TOML leaves the others their faults") {
  auto read = read_texts(
    {{"a.toml", "[queues.a\n"}, {"b.toml", "[queues.b]\nx = 1\n"}},
    small_environment);
  REQUIRE(read.faults.size() == 2);
  CHECK(read.faults[0].id == "E0002");
  CHECK(read.faults[0].where.line == 1);
  CHECK(read.faults[1].id == "E0101");
  CHECK(read.config.queues.contains("b"));
}

TEST_CASE("read: an unknown key gets the nearest one as help") {
  auto read = read_one("[handlers.charge]\ninputs = ['a']\nthread = 4\n"
                       "concurrency = 4\nrate_limit = 1\nzzz = 1\n");
  REQUIRE(read.faults.size() == 4);
  CHECK(read.faults[0].help == "did you mean `threads`?");
  CHECK(read.faults[1].help == "write `threads`");
  CHECK(
    read.faults[2].help == "this version does not have it yet: leave it out");
  CHECK(read.faults[3].help.starts_with("known here are `inputs`, `class`"));
}

TEST_CASE("read: keys that need a wrong type are not called unknown") {
  CHECK(
    summary(read_one("[sources.s]\ntype = \"fiel\"\npath = \"x\"\n").faults)
    == "E0202 2:8");
  CHECK(
    summary(read_one("[sources.s]\npath = \"x\"\n").faults) == "E0103 1:10");
}

TEST_CASE("read: a variable never adds a key") {
  auto lookup = [](const std::string&) -> std::optional<std::string> {
    return "x'\nthreads = 9\n";
  };
  auto read = read_texts(
    {{"a", "[handlers.charge]\ninputs = ['a']\nclass = '${A}'\n"}}, lookup);
  CHECK(read.faults.empty());
  CHECK(read.config.handlers.at("charge").threads == 1);
  CHECK(read.config.handlers.at("charge").class_name == "x'\nthreads = 9\n");
}

TEST_CASE("read: keys nested without end are a fault, not a crash") {
  auto deep = std::string{"a"};
  for (int i = 0; i < 200'000; ++i) deep += ".a";
  for (const auto& text :
       {"[" + deep + "]\n", deep + " = 1\n", "x = { " + deep + " = 1 }\n",
        "x = " + std::string(200'000, '[')}) {
    auto read = read_one(text);
    REQUIRE_FALSE(read.faults.empty());
    CHECK(read.faults[0].id == "E0002");
  }
}

TEST_CASE("read: the deepest nesting the parser takes is safe") {
  auto text = std::string{};
  for (int i = 0; i < 250; ++i) {
    text += i == 0 ? "" : "{";
    for (int dots = 0; dots < 32; ++dots) text += "a.";
    text += "a=";
  }
  CHECK(
    summary(read_one(text + "1" + std::string(249, '}')).faults)
    == "E0102 1:1");
  CHECK(summary(read_one(text).faults).starts_with("E0002"));
}

TEST_CASE("read: dots in texts and comments nest nothing") {
  auto dots = std::string(100, '.');
  CHECK(
    read_one("[node]\nname = '" + dots + "' # " + dots + "\n").faults.empty());
  CHECK(read_one("[node]\nname = \"\"\"\\\"" + dots + "\n" + dots + "\"\"\"\n")
          .faults.empty());
  auto deep = read_one("\n\"a b\"" + dots + " = 1\n");
  CHECK(summary(deep.faults) == "E0002 2:38");
}

TEST_CASE("read: what the parser asserts about itself stops nothing") {
  for (auto text : {"[{", "[,", "[[=]]", "[\"a\".{]"}) {
    auto faults = read_one(text).faults;
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].id == "E0002");
  }
}

TEST_CASE("read: letters of any kind stand in texts and comments only") {
  CHECK(
    read_one("\xef\xbb\xbf[node] # \u00e4\nname = '\u00e4'\n").faults.empty());
  CHECK(
    read_one("[node]\nname = \"\"\"\u00e4\"\"\"\"\" # \u00e4'\n")
      .config.node.name
    == "\u00e4\"\"");
  CHECK(summary(read_one("[node]\n'\u00e4' = 1\n").faults) == "E0101 2:1");
  CHECK(summary(read_one("\n[n\u00e4me]\n").faults) == "E0002 2:3");
  CHECK(summary(read_one("a = '\u00e4' \u00e4\n").faults) == "E0002 1:9");
  CHECK(
    read_one("[node]\nname = \"\"\"a\\\n \u00e4\"\"\"\n").config.node.name
    == "a\u00e4");
}

TEST_CASE("read: very long lines are cut when quoted") {
  auto read = read_one("x = \"" + std::string(10'000, 'a') + "\"\n");
  REQUIRE(read.faults.size() == 1);
  CHECK(read.faults[0].where.text.size() == 300);
}

TEST_CASE("read: files come from the disk") {
  auto folder = std::filesystem::temp_directory_path() / "troupe-read-test";
  std::filesystem::create_directories(folder);
  auto file = folder / "a.toml";
  std::ofstream{file} << "[queues.a]\n";
  auto read = read_config({file, folder / "none.toml", folder});
  CHECK(read.config.queues.contains("a"));
  REQUIRE(read.faults.size() == 2);
  CHECK(read.faults[0].id == "E0001");
  CHECK(
    read.faults[0].message
    == "cannot read the configuration: this is a folder");
  CHECK(
    read.faults[1].message
    == "cannot read the configuration: there is no such file");
  std::filesystem::remove_all(folder);
}

TEST_CASE("read: an empty file is an empty configuration") {
  CHECK(read_one("").faults.empty());
  CHECK(read_one("").config == pipeline_config{});
}
