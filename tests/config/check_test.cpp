#include "config/fault_ids.hpp"
#include "tests/config/reading.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace troupe;
using namespace troupe::test;

namespace {

/// A text with one mistake, and the fault it has to give, with its place.
struct mistake {
  std::string expected;
  std::string text;
};

std::string stdin_to_charge() {
  return "[sources.s]\ntype = 'stdin'\n[handlers.charge]\ninputs = ['s']\n";
}

// Five lines; what is added starts in line 5.
std::string handler_and(const std::string& more) {
  return stdin_to_charge() + more;
}

std::string router_and(const std::string& rule, const std::string& more = {}) {
  return handler_and("[routers.r]\ninputs = ['s']\n" + rule + more);
}

const auto hash =
  std::string{"type = 'consistent_hash'\nkey = 'routing_key'\nqueue = 'q'\n"};
const auto match = std::string{"type = 'match'\nroute.a = 'x'\n"};

// Ten lines with all that a server needs; what is added starts in line 3.
std::string server_and(const std::string& more) {
  return "[sources.a]\ntype = 'amqp_server'\n" + more;
}

std::string tls_and(const std::string& more) {
  return server_and("tls.cert = '/dev/null'\ntls.key = '/dev/null'\n" + more);
}

// What is added starts in line 4.
std::string user_and(const std::string& more) {
  return server_and("[users.anna]\n" + more);
}

// What is added starts in line 4, and etcd is still to come.
std::string cluster_and(const std::string& more) {
  return "[node]\nname = 'n1'\n[cluster]\n" + more;
}

const auto tls = std::string{"tls = { ca = '/dev/null', cert = '/dev/null', "
                             "key = '/dev/null' }\n"};
const auto named = std::string{"name = 'c'\n"};

// The first seed stands in column 10 of line 5; what is added comes in line 7.
std::string seeds_and(const std::string& seeds) {
  return cluster_and(named + "seeds = [" + seeds + "]\n") + tls;
}

std::string on_loopback(const std::string& name, const std::string& ports) {
  return "etcd.members." + name + " = { host = '127.0.0.1', " + ports + " }\n";
}

const auto three = on_loopback("n1", "client_port = 1, peer_port = 2")
                   + on_loopback("n2", "client_port = 3, peer_port = 4")
                   + on_loopback("n3", "client_port = 5, peer_port = 6");
const auto one = on_loopback("n1", "client_port = 1");

// What is added starts in line 8: name, three members, then this.
std::string member_and(const std::string& more) {
  return cluster_and(named + three + more);
}

// What is added starts in line 6.
std::string remote_and(const std::string& more) {
  return cluster_and(named + "coordinator = 'etcd'\n" + more);
}

const auto good_hash =
  std::string{"pbkdf2-sha256$1$dHJvdXBlLWd1ZXN0$"
              "rCjGgpTAJFvxlJyLQxvZDOcQ6t8aWQFqYq0Xo3g1v0E="};

const auto mistakes = std::vector<mistake>{
  {"E0002 1:10", "[queues.a"},
  {"E0003 6:8", handler_and("[node]\nname = '${NONE}'\n")},
  {"E0004 6:8", handler_and("[node]\nname = '${'\n")},
  {"E0005 1:18", "config_version = 2\n" + stdin_to_charge()},
  {"E0101 5:1", handler_and("threds = 1\n")},
  {"E0102 5:2", handler_and("[api]\nlisten = 'x'\n")},
  {"E0102 5:2", handler_and("[clutser]\nname = 'x'\n")},
  {"E0103 5:8", handler_and("[sinks.t]\ninputs = ['s']\n")},
  {"E0104 5:9", handler_and("[queues.A]\n")},
  {"E0106 5:10", handler_and("[routers.s]\ninputs = ['charge']\ntype = 'match'"
                             "\nroute.a = 'x'\n[sinks.t]\ntype = 'stdout'\n"
                             "inputs = ['s.a', 's.dead']\n")},
  {"E0106 7:8", handler_and("[queues.a]\n\n[sinks.charge]\ntype = 'stdout'\n"
                            "inputs = ['a']\n")},
  {"E0110 6:10", handler_and("[handlers.ship]\ninputs = []\n")},
  {"E0111 6:16", handler_and("[handlers.ship]\ninputs = ['s', 's']\n")},
  {"E0112 6:11", handler_and("[handlers.ship]\ninputs = ['nobody']\n")},
  {"E0112 6:11", handler_and("[handlers.ship]\ninputs = ['s.dead']\n")},
  {"E0113 9:9", router_and(hash)},
  {"E0113 8:9", handler_and("[sinks.t]\ninputs = ['charge']\ntype = 'queue'\n"
                            "queue = 'q'\n")},
  {"E0114 10:11", router_and(match, "[handlers.ship]\ninputs = ['r']\n")},
  {"E0114 6:11", handler_and("[handlers.ship]\ninputs = ['charge.in']\n")},
  {"E0114 9:11", handler_and("[sinks.t]\ninputs = ['charge']\n"
                             "type = 'stdout'\n[handlers.ship]\n"
                             "inputs = ['t']\n")},
  {"E0115 10:11", router_and(match, "[handlers.ship]\ninputs = ['r.b']\n")},
  {"E0115 12:11",
   router_and(hash, "[queues.q]\n[handlers.ship]\ninputs = ['r.dead']\n")},
  {"E0116 6:16", handler_and(
                   "[routers.r]\ninputs = ['s', 't.a']\n" + match
                   + "[routers.t]\ninputs = ['r.a']\n" + match)},
  {"E0116 6:16", handler_and("[routers.r]\ninputs = ['s', 'r.a']\n" + match)},
  {"E0117 14:7", router_and(
                   hash,
                   "[queues.q]\n[routers.t]\ninputs = ['s']\n"
                   "type = 'consistent_hash'\n"
                   "key = 'header:a'\nqueue = 'q'\n")},
  {"E0118 8:7", router_and(hash, "[queues.q]\norder = { key = 'header:a' }\n")},
  {"E0119 6:9", handler_and("[handlers.b]\nclass = 'chrge'\ninputs = ['s']\n")},
  {"E0119 5:11", handler_and("[handlers.b]\ninputs = ['s']\n")},
  {"E0120 8:11", router_and("type = 'match'\nroute.a = 'wrong'\n")},
  {"E0121 8:7", router_and("type = 'consistent_hash'\nkey = 'wrong'\n"
                           "queue = 'q'\n[queues.q]\n")},
  {"E0121 6:17", handler_and("[queues.q]\norder = { key = 'wrong' }\n")},
  {"E0121 3:7", "[sources.s]\ntype = 'stdin'\nkey = 'wrong'\n"
                "[handlers.charge]\ninputs = ['s']\n"},
  {"E0122 8:14", router_and("type = 'match'\nroute.dead = 'x'\n")},
  {"E0122 9:13", router_and(match, "unmatched = 'No such'\n")},
  {"E0123 7:8", handler_and("[sources.f]\ntype = 'file'\n"
                            "path = 'no/such/file'\n")},
  {"E0124 7:11", handler_and("[queues.q]\n[sinks.t]\ninputs = ['q']\n"
                             "type = 'queue'\nqueue = 'q'\n")},
  {"E0124 12:16", router_and(
                    hash,
                    "[queues.q]\n[routers.t]\n"
                    "inputs = ['s', 'r']\n"
                      + match)},
  {"E0125 9:10", handler_and("[queues.q]\n[handlers.ship]\ninputs = ['q']\n"
                             "[handlers.z]\ninputs = ['q']\nclass = 'ship'\n")},
  {"E0128 7:10", handler_and("[queues.q]\n[handlers.ship]\n"
                             "inputs = ['q', 's']\n")},
  {"E0126 6:8", handler_and("[sources.t]\ntype = 'stdin'\n")},
  {"E0127 5:37", handler_and("retry.backoff = { initial='1s', max='1ms' }\n")},
  {"E0127 6:23",
   handler_and("supervise.within = '1s'\nsupervise.backoff.max='1ms'\n")},
  {"E0104 3:9", server_and("[vhosts.'']\n")},
  {"E0104 3:8", server_and("[users.\"a\\u0001\"]\n")},
  {"E0123 3:12", server_and("tls.cert = 'no/such/file'\n"
                            "tls.key = '/dev/null'\n")},
  {"E0130 3:10", server_and("listen = 'localhost'\n")},
  {"E0130 5:14", tls_and("tls.listen = '::1:5671'\n")},
  {"E0131 7:10", server_and("listen = '[::1]:1'\n[sources.b]\n"
                            "type = 'amqp_server'\n\nlisten = '[::1]:1'\n")},
  {"E0131 5:14", tls_and("tls.listen = '127.0.0.1:5672'\n")},
  {"E0132 3:9", server_and("vhost = 'shop'\n")},
  {"E0132 4:20", user_and("permissions.shop = { read = '.*' }\n")},
  {"E0133 1:10", server_and("[handlers.charge]\ninputs = ['a']\n")},
  {"E0134 5:14", tls_and("tls.verify = 'peer'\n")},
  {"E0135 4:29", user_and("permissions.'/' = { write = '(' }\n")},
  {"E0136 4:17", user_and("password_hash = 'secret'\n")},
  {"E0137 5:12",
   user_and("password_hash = '" + good_hash + "'\npassword = 'secret'\n")},
  {"E0101 4:1", user_and("pasword = 'x'\n")},
  {"E0101 4:21", user_and("permissions.'/' = { reed = 'x' }\n")},
  {"E0103 3:1", server_and("tls.listen = '[::]:1'\ntls.key = '/dev/null'\n")},
  {"E0201 4:12", user_and("password = 5\n")},
  {"E0201 4:15", user_and("permissions = '.*'\n")},
  {"E0201 4:19", user_and("permissions.'/' = '.*'\n")},
  {"E0202 3:10", server_and("compat = 'rabbitmq'\n")},
  {"E0203 3:13", server_and("frame_max = '1GiB'\n")},
  {"E0203 3:13", server_and("frame_max = '1KiB'\n")},
  {"E0203 3:13", server_and("heartbeat = '1500ms'\n")},
  {"E0203 3:13", server_and("heartbeat = '65536s'\n")},
  {"E0203 3:20", server_and("max_message_size = '1GiB'\n")},
  {"E0203 3:15", server_and("channel_max = 0\n")},
  {"E0203 3:19", server_and("max_connections = 0\n")},
  {"W0401 1:10", server_and("exchange = 'amq.topic'\n")},
  {"W0405 4:12", user_and("password = 'secret'\n")},
  {"E0201 5:11", handler_and("threads = '4'\n")},
  {"E0201 6:11", handler_and("[handlers.ship]\ninputs = [5]\n")},
  {"E0201 6:10", handler_and("[handlers.ship]\ninputs = 's'\n")},
  {"E0201 5:9", handler_and("retry = 1\n")},
  {"E0201 5:15", handler_and("settings = {a=[1]}\n")},
  {"E0201 5:24", handler_and("retry.backoff.factor = 'x'\n")},
  {"E0202 6:8", handler_and("[queues.q]\ntype = 'replicated'\n")},
  {"E0202 6:13", handler_and("[node]\nlog_level = 'loud'\n")},
  {"E0203 5:11", handler_and("threads = 257\n")},
  {"E0203 5:11", handler_and("threads = -1\n")},
  {"E0203 5:24", handler_and("retry.backoff.jitter = 1.5\n")},
  {"E0203 5:24", handler_and("retry.backoff.factor = nan\n")},
  {"E0203 5:20", handler_and("supervise.within = '0s'\n")},
  {"E0203 6:17", handler_and("[node]\nmemory_budget = '1B'\n")},
  {"E0204 5:9", handler_and("class = ''\n")},
  {"E0205 6:12", handler_and("[node]\ndata_dir = \"a\\u0000b\"\n")},
  {"E0207 5:11", handler_and("timeout = 30\n")},
  {"E0207 5:11", handler_and("timeout = 'soon'\n")},
  {"E0208 3:14", "[sources.s]\ntype = 'stdin'\nmax_record = 64\n"
                 "[handlers.charge]\ninputs = ['s']\n"},
  {"W0401 1:10", "[sources.s]\ntype = 'stdin'\n[queues.q]\n"
                 "[handlers.charge]\ninputs = ['q']\n"},
  {"W0402 8:11", router_and(match)},
  {"W0403 5:9", handler_and("[queues.q]\n")},
  {"W0404 0:0", "[node]\n"},
  {"E0101 8:1", member_and("adverties = 'a:1'\n")},
  {"E0101 8:6", member_and("etcd.endpoints = ['127.0.0.1:1']\n")},
  {"E0101 4:41", "[node]\nname = 'n1'\n[cluster]\n"
                 "etcd.members.n1 = { host = '127.0.0.1', port = 1 }\n"
                 "name = 'c'\n"},
  {"E0103 3:2", cluster_and(three)},
  {"E0103 3:2", cluster_and(named)},
  {"E0103 6:8", remote_and("etcd = {}\n")},
  {"E0103 5:19", cluster_and(named + "etcd.members.n1 = {}\n")},
  {"E0103 8:7", member_and("tls = { ca = '/dev/null', cert = '/dev/null' }\n")},
  {"E0110 5:16", cluster_and(named + "etcd.members = {}\n")},
  {"E0110 6:18", remote_and("etcd.endpoints = []\n")},
  {"E0123 8:34", member_and("tls = { ca = '/dev/null', cert = 'no', "
                            "key = '/dev/null' }\n")},
  {"E0123 7:17", remote_and("etcd.endpoints = ['a:1']\n"
                            "etcd.tls = { ca='no/such', cert = '/dev/null', "
                            "key = '/dev/null' }\n")},
  {"E0130 8:10", member_and("listen = 'localhost'\n")},
  {"E0131 7:70", member_and("listen = '127.0.0.1:6'\n")},
  {"E0131 10:10", member_and("[sources.a]\ntype = 'amqp_server'\n"
                             "listen = '127.0.0.1:25680'\n")},
  {"E0131 5:70",
   cluster_and(named + on_loopback("n1", "client_port = 7, peer_port = 7"))},
  {"E0140 8:10", member_and("seeds = ['a']\n")},
  {"E0140 8:17", member_and("seeds = ['a:1', 'b:0']\n")},
  {"E0140 8:13", member_and("advertise = '[::]:25680'\n")},
  {"E0140 9:10", member_and(tls + "listen = '0.0.0.0:25680'\n")},
  {"E0140 6:19", remote_and("etcd.endpoints = ['http://127.0.0.1:2379']\n")},
  {"E0140 5:28",
   cluster_and(named + "etcd.members.n1 = { host = '127.0.0.1:2379' }\n")},
  {"E0140 6:28",
   cluster_and(named + tls + "etcd.members.n1 = { host = '::' }\n")},
  {"E0141 8:10", member_and("listen = '10.0.0.1:25680'\n")},
  {"E0141 5:28",
   cluster_and(named + "etcd.members.n1 = { host = '10.0.0.1' }\n")},
  {"E0142 4:8", cluster_and("name = 'my cluster'\n" + three)},
  {"E0142 2:8", "[node]\nname = 'a,b'\n[cluster]\n" + named + three},
  {"E0142 5:22",
   cluster_and(named + "etcd.members.'a=b' = { host = '127.0.0.1' }\n")},
  {"E0143 5:6", cluster_and(
                  named + on_loopback("n1", "client_port = 1, peer_port = 2")
                  + on_loopback("n2", "client_port = 3, peer_port = 4"))},
  {"E0144 1:2", "[node]\n[cluster]\n" + named + three},
  {"E0144 1:2", "[cluster]\n" + named + three},
  {"E0145 5:20", seeds_and("'n1.a:1', '10.0.0.2:1', 'n3.a:1'")},
  {"E0145 5:30", seeds_and("'n1.a:1', 'n2.a:1', 'n2.b:1'")},
  {"E0145 2:8",
   seeds_and("'n2.a:1', 'n3.a:1', 'n4.a:1'") + "advertise = 'n2.a:1'\n"},
  {"E0141 5:9", cluster_and(named + "seeds = ['n1.a:1', 'b:1', 'c:1']\n")},
  {"E0143 5:9", seeds_and("'n1.a:1', 'n2.a:1'")},
  {"W0406 5:9", seeds_and("'n1.a:1'")},
  {"E0103 5:8", cluster_and(named + "etcd = {}\n")},
  {"E0201 5:9", cluster_and(named + "seeds = 'n1.a:1'\n")},
  {"E0201 1:11", "cluster = 3\n[node]\nname = 'n1'\n"},
  {"E0201 5:16", cluster_and(named + "etcd.members = 3\n")},
  {"E0201 5:19", cluster_and(named + "etcd.members.n1 = '127.0.0.1'\n")},
  {"E0202 5:15", cluster_and(
                   named
                   + "coordinator = 'zookeeper'\n"
                     "etcd.hosts = ['a:1']\n")},
  {"E0203 8:12", member_and("replicas = 6\n")},
  {"E0203 8:12", member_and("replicas = 0\n")},
  {"E0203 5:55", cluster_and(named + on_loopback("n1", "client_port = 65536"))},
  {"W0406 5:6", cluster_and(named + one)},
  {"W0407 6:18", remote_and("etcd.endpoints = ['127.0.0.1:1', 'a:1']\n")},
};

} // namespace

TEST_CASE("check: a pipeline of every kind of component has no fault") {
  CHECK(summary(faults_of(orders)) == "");
}

TEST_CASE("check: each mistake gives its fault, once, at its place") {
  for (const auto& [expected, text] : mistakes) {
    CAPTURE(text);
    auto faults = faults_of(text);
    // Text added for one fault may well leave a queue or route without use.
    std::erase_if(faults, [&](const fault& f) {
      return f.id.starts_with('W') && !expected.starts_with(f.id);
    });
    CHECK(summary(faults) == expected);
    for (const auto& fault : faults) CHECK_FALSE(to_string(fault).empty());
  }
}

TEST_CASE("check: every kind of fault is among the mistakes") {
  // Those of files have tests in read_test.cpp.
  auto tested = std::set<std::string>{"E0001", "E0105"};
  for (const auto& mistake : mistakes)
    tested.insert(mistake.expected.substr(0, 5));
  for (const auto& kind : fault_kinds())
    CHECK(tested.contains(std::string{kind.id}));
}

TEST_CASE("check: all faults come in one pass, in the order of the file") {
  auto faults = faults_of("[sources.s]\ntype = 'stdin'\nmax_record = 1\n"
                          "[handlers.nobody]\ninputs = ['t']\nthreads = 0\n");
  CHECK(summary(faults) == "E0208 3:14, E0119 4:11, E0112 5:11, E0203 6:11");
}

TEST_CASE("check: help names what was meant and its line") {
  auto faults = faults_of(
    stdin_to_charge()
    + "[handlers.ship]\n"
      "inputs = ['chrage']\n[queues.orders]\n"
      "[sinks.t]\ninputs = ['s']\ntype = 'queue'\n"
      "queue = 'order'\n");
  REQUIRE(summary(faults) == "E0112 6:11, E0113 11:9");
  CHECK(faults[0].help == "did you mean `charge` (handler, line 3)?");
  CHECK(faults[1].help == "did you mean `orders` (queue, line 7)?");
}

TEST_CASE("check: a server for clients needs nothing else") {
  CHECK(summary(faults_of("[node]\n" + server_and(""))) == "");
}

TEST_CASE("check: a server feeds handlers from its exchange") {
  CHECK(
    summary(faults_of(server_and("exchange = 'amq.topic'\n"
                                 "[handlers.charge]\ninputs = ['a']\n")))
    == "");
}

TEST_CASE("check: queues beside a server may be its clients'") {
  CHECK(summary(faults_of(server_and("[queues.q]\n"))) == "");
}

TEST_CASE("check: a password from the environment is no fault") {
  CHECK(summary(faults_of(user_and("password = '${HOME_TOWN}'\n"))) == "");
}

TEST_CASE("check: no fault shows a password") {
  for (const auto* line :
       {"password = 'secret'\n", "password_hash = 'secret'\n",
        "password = { secret = 1 }\n", "password = '${secret'\n",
        "password_hash = 'x'\npassword = 'secret'\n"}) {
    CAPTURE(line);
    auto faults = faults_of(user_and(line));
    REQUIRE(!faults.empty());
    for (const auto& fault : faults) {
      CHECK(to_string(fault).find("secret") == std::string::npos);
      CHECK(to_json({fault}).find("secret") == std::string::npos);
    }
  }
}

TEST_CASE("check: offline, nobody looks for files") {
  auto read = read_one("[sources.f]\ntype = 'file'\npath = 'no/such/file'\n"
                       "[handlers.charge]\ninputs = ['f']\n");
  auto options = test_options();
  CHECK(summary(check(read, options)) == "E0123 3:8");
  options.is_offline = true;
  CHECK(summary(check(read, options)) == "");
}

TEST_CASE("check: handlers may send messages back") {
  CHECK(
    summary(
      faults_of("[sources.s]\ntype = 'stdin'\n[handlers.charge]\n"
                "inputs = ['s', 'r.a']\n[routers.r]\ninputs = ['charge']\n"
                "type = 'match'\nroute.a = 'x'\n"))
    == "");
}

TEST_CASE("check: a router may have the name of its queue") {
  CHECK(
    summary(faults_of(
      "[sources.s]\ntype = 'stdin'\n[routers.q]\ninputs = ['s']\n" + hash
      + "[queues.q]\n[handlers.charge]\ninputs = ['q']\n"))
    == "");
}

TEST_CASE("check: each circle of routers is told once") {
  auto circle = [](const std::string& a, const std::string& b) {
    return "[routers." + a + "]\ninputs = ['" + b + ".a']\n" + match
           + "[routers." + b + "]\ninputs = ['" + a + ".a']\n" + match;
  };
  auto faults = faults_of(circle("a", "b") + circle("c", "d"));
  CHECK(summary(faults) == "E0116 2:11, E0116 10:11");
  REQUIRE(faults.size() == 2);
  CHECK(faults[0].note == "the way is `a` to `b` to `a`");
}
