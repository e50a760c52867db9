#include "tests/engine/coordinator/coordinator_rig.hpp"
#include "tests/engine/coordinator/fake_endpoint.hpp"

#include <array>

// An etcd_coordinator among endpoints that are broken, slow or lie.

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

/// A context with fake endpoints, without any etcd.
class fake_drive final : public coordinator_drive {
public:
  std::unique_ptr<coordinator> client() override {
    options.endpoints.clear();
    for (const auto& x : fakes) options.endpoints.push_back(x->at());
    return etcd_coordinator::open(context, options).value();
  }

  void step() override {
    context.restart();
    context.run_one_for(20ms);
  }

  fake_endpoint& add(fake_endpoint::talk how) {
    fakes.push_back(std::make_unique<fake_endpoint>(context, std::move(how)));
    return *fakes.back();
  }

  etcd_options options;
  boost::asio::io_context context{1};
  std::vector<std::unique_ptr<fake_endpoint>> fakes;
};

std::string header(int cluster, int at) {
  return R"("header":{"cluster_id":")" + std::to_string(cluster)
         + R"(","revision":")" + std::to_string(at) + "\"}";
}

std::string range_at(int cluster, int at) {
  return "{" + header(cluster, at) + "}";
}

std::string change_at(int at, const std::string& more = {}) {
  return "{\"result\":{" + header(1, at)
         + R"(,"events":[{"kv":{"key":"dC9h","value":"eA==","mod_revision":")"
         + std::to_string(at) + "\"}}" + more + "]}}";
}

bool is_about(const std::string& request, const std::string& path) {
  return request.find("POST " + path) == 0;
}

} // namespace

TEST_CASE("etcd_coordinator: whatever comes back costs an error and no more") {
  auto x = fake_drive{};
  x.options.request_limit = 120ms;
  x.options.attempt_limit = 50ms;
  auto bad = GENERATE(
    fake_reply{}, fake_reply{"", false, false}, // closes at once; says nothing
    fake_reply{"garbage\r\n\r\n"}, fake_reply{std::string(100'000, '\0')},
    fake_reply{"HTTP/1.1 200 OK\r\n", false, false}, // half an answer
    fake_reply{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", false, false},
    fake_reply{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"},
    fake_reply{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{"},
    fake_reply{"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')},
    fake_reply{"HTTP/1.1 301 Moved\r\nLocation: http://x\r\n\r\n"},
    fake_reply{std::string(65536, 'x'), true}, http(""), http("{}"), http("[]"),
    http("<html>"), http(std::string(100'000, '[')), http("{}", "500 Oh"),
    http("{\"code\":14}", "503 Oh"), http("", "404 No"));
  x.add([&](const std::string&) { return bad; });
  auto client = asking{x};
  auto begun = std::chrono::steady_clock::now();
  auto read = client.range("t/");
  REQUIRE(!read);
  CHECK(!read.error().detail.empty());
  auto said = client.put("t/a", "1");
  CHECK(said.outcome == txn_outcome::unknown);
  CHECK(!said.why.empty());
  CHECK(!client.open_session(1s));
  CHECK(std::chrono::steady_clock::now() - begun < 5s); // 0.4 s, if not busy
}

TEST_CASE("etcd_coordinator: what etcd refuses was not done") {
  auto x = fake_drive{};
  x.add([&](const std::string&) {
    return http(
      R"({"message":"etcdserver: mvcc: database space exceeded","code":8})",
      "429 Too Many Requests");
  });
  auto client = asking{x};
  auto said = client.put("t/a", "1");
  CHECK(said.outcome == txn_outcome::refused);
  CHECK_THAT(said.why, Catch::Contains("space exceeded"));
}

TEST_CASE("etcd_coordinator: a txn is sent once, a read as often as it takes") {
  auto x = fake_drive{};
  x.options.request_limit = 1s;
  auto& bad = x.add([&](const std::string&) { return fake_reply{}; });
  auto client = asking{x};
  CHECK(client.put("t/a", "1").outcome == txn_outcome::unknown);
  CHECK(bad.requests.size() == 1);
  CHECK(!client.range("t/"));
  CHECK(bad.requests.size() > 2);
}

TEST_CASE("etcd_coordinator: without a leader a txn is tried again") {
  auto x = fake_drive{};
  auto tries = 0;
  x.add([&](const std::string&) {
    if (++tries < 4)
      return http(
        R"({"message":"etcdserver: no leader","code":14})",
        "503 Service Unavailable");
    return http("{" + header(1, 5) + ",\"succeeded\":true}");
  });
  auto client = asking{x};
  CHECK(client.put("t/a", "1").outcome == txn_outcome::done);
  CHECK(tries == 4);
}

TEST_CASE("etcd_coordinator: one good endpoint among bad ones is enough") {
  auto x = fake_drive{};
  x.options.attempt_limit = 200ms;
  x.options.request_limit = 10s;
  x.add([](const std::string&) { return fake_reply{"", false, false}; });
  x.add([](const std::string&) { return fake_reply{"garbage"}; });
  x.add([](const std::string&) { return http(range_at(1, 5)); });
  auto client = asking{x};
  auto read = client.range("t/");
  REQUIRE(read.has_value());
  CHECK(read->at == 5);
  CHECK(client.range("t/").has_value()); // now without delay
  CHECK(x.fakes[0]->requests.size() == 1);
}

TEST_CASE("etcd_coordinator: another cluster's answers are errors") {
  auto x = fake_drive{};
  auto cluster = 1;
  x.add([&](const std::string&) { return http(range_at(cluster, 5)); });
  auto client = asking{x};
  CHECK(client.range("t/").has_value());
  cluster = 2;
  auto read = client.range("t/");
  REQUIRE(!read);
  CHECK_THAT(read.error().detail, Catch::Contains("another etcd cluster"));
}

TEST_CASE("etcd_coordinator: a revision that goes back is an error") {
  auto x = fake_drive{};
  auto at = 5;
  x.add([&](const std::string&) { return http(range_at(1, at)); });
  auto client = asking{x};
  CHECK(client.range("t/").has_value());
  at = 4;
  auto read = client.range("t/");
  REQUIRE(!read);
  CHECK_THAT(read.error().detail, Catch::Contains("went back from 5 to 4"));
}

TEST_CASE("etcd_coordinator: too many requests at once are refused") {
  auto x = fake_drive{};
  x.options.request_limit = 200ms;
  x.add([](const std::string&) { return fake_reply{"", false, false}; });
  auto client = x.client();
  auto refused = 0;
  auto unknown = 0;
  for (auto i = 0; i < 1100; ++i)
    client->txn({{}, {{"t/a", "1"}}, {}, {}}, [&](const txn_answer& said) {
      refused += said.outcome == txn_outcome::refused ? 1 : 0;
      unknown += said.outcome == txn_outcome::unknown ? 1 : 0;
    });
  REQUIRE(x.until([&] { return refused + unknown == 1100; }));
  CHECK(refused == 1100 - 1024);
}

// -- watches

TEST_CASE("etcd_coordinator: a watch goes on from the last it has seen") {
  auto x = fake_drive{};
  auto bad = GENERATE(
    fake_reply{}, stream("garbage"), http("{}", "503 Oh"),
    stream(R"({"error":{"message":"no leader","grpc_code":14}})"),
    stream("{\"result\":{" + header(1, 9) + R"(,"canceled":true}})"),
    stream("{\"result\":{" + header(2, 9) + R"(,"created":true}})"));
  auto watches = texts{};
  x.add([&](const std::string& request) {
    if (!is_about(request, "/v3/watch")) return http(range_at(1, 5));
    watches.push_back(request);
    if (watches.size() % 2 == 1) return bad;
    auto good = stream(change_at(4 + static_cast<int>(watches.size())));
    good.closes = true;
    return good;
  });
  auto client = asking{x};
  CHECK(client.read("t/").at == 5); // now the cluster is known
  auto seen = client.watch("t/", 5);
  REQUIRE(client.until([&] { return seen->changes.size() == 3; }));
  CHECK(seen->changes[0].at == 6);
  CHECK(seen->changes[2].at == 10);
  CHECK(seen->resyncs.empty());
  auto asked_for = [&](std::size_t which, int at) {
    auto text = "\"start_revision\":\"" + std::to_string(at) + '"';
    CHECK_THAT(watches.at(which), Catch::Contains(text));
  };
  asked_for(0, 6);
  asked_for(1, 6);
  asked_for(2, 7);
  asked_for(4, 9);
}

TEST_CASE("etcd_coordinator: a watch that is silent is begun anew elsewhere") {
  auto x = fake_drive{};
  x.options.watch_silence = 100ms;
  x.options.attempt_limit = 100ms;
  x.add([](const std::string&) {
    return stream("{\"result\":{" + header(1, 5) + R"(,"created":true}})");
  });
  x.add([](const std::string&) { return fake_reply{"", false, false}; });
  x.add([](const std::string&) { return stream(change_at(6)); });
  auto client = asking{x};
  auto seen = client.watch("t/", 5);
  REQUIRE(client.until([&] { return !seen->changes.empty(); }));
  CHECK(x.fakes[0]->requests.size() == 1);
  CHECK(x.fakes[1]->requests.size() == 1);
}

TEST_CASE("etcd_coordinator: a line without an end is not kept") {
  auto x = fake_drive{};
  auto& endless = x.add([&](const std::string&) {
    return fake_reply{
      "HTTP/1.1 200 OK\r\n\r\n" + std::string(1024 * 1024, 'x'), true};
  });
  x.add([](const std::string&) { return stream(change_at(6)); });
  auto client = asking{x};
  auto seen = client.watch("t/", 5);
  REQUIRE(client.until([&] { return !seen->changes.empty(); }));
  CHECK(endless.requests.size() == 1);
}

TEST_CASE("etcd_coordinator: what a watch missed for good makes it resync") {
  auto x = fake_drive{};
  x.add([&](const std::string&) {
    return stream(
      "{\"result\":{" + header(1, 9)
      + R"(,"canceled":true,"compact_revision":"8"}})");
  });
  auto client = asking{x};
  auto seen = client.watch("t/", 5);
  REQUIRE(client.until([&] { return !seen->resyncs.empty(); }));
  for (auto i = 0; i < 10; ++i) x.step();
  CHECK(seen->resyncs.size() == 1);
  CHECK(x.fakes[0]->requests.size() == 1);
}

// -- sessions

TEST_CASE("etcd_coordinator: a session whose lease is gone is told as lost") {
  auto x = fake_drive{};
  x.add([&](const std::string& request) {
    if (is_about(request, "/v3/lease/grant"))
      return http("{" + header(1, 5) + R"(,"ID":"7","TTL":"1"})");
    return http("{\"result\":{" + header(1, 5) + R"(,"ID":"7"}})");
  });
  auto client = asking{x};
  auto lost = 0;
  auto held = client.open_session(1s, [&](const std::string&) { ++lost; });
  REQUIRE(held.has_value());
  REQUIRE(client.until([&] { return lost == 1; }));
}

TEST_CASE("etcd_coordinator: a session nobody keeps alive is lost in time") {
  auto x = fake_drive{};
  x.add([&](const std::string& request) {
    if (is_about(request, "/v3/lease/grant"))
      return http("{" + header(1, 5) + R"(,"ID":"7","TTL":"1"})");
    return fake_reply{"", false, false};
  });
  auto client = asking{x};
  auto lost = 0;
  auto begun = std::chrono::steady_clock::now();
  auto held = client.open_session(1s, [&](const std::string&) { ++lost; });
  REQUIRE(client.until([&] { return lost == 1; }));
  CHECK(std::chrono::steady_clock::now() - begun >= 1s);
}

// -- options

TEST_CASE("etcd_coordinator: options without sense are refused") {
  auto context = boost::asio::io_context{};
  CHECK(!etcd_coordinator::open(context, {}));
  auto options = etcd_options{};
  options.endpoints = {{"127.0.0.1", 1}};
  options.connections = 0;
  CHECK(!etcd_coordinator::open(context, options));
  options.connections = 1;
  options.tls = client_tls_options{"/nowhere/ca.pem", {}, {}};
  auto opened = etcd_coordinator::open(context, options);
  REQUIRE(!opened);
  CHECK_THAT(opened.error().detail, Catch::Contains("/nowhere/ca.pem"));
}

TEST_CASE("etcd_coordinator: a context may end with all of it under way") {
  auto x = std::make_unique<fake_drive>();
  x->add([](const std::string&) { return fake_reply{"", false, false}; });
  auto client = x->client();
  auto answers = 0;
  client->range("t/", [&](const auto&) { ++answers; });
  client->txn({}, [&](const auto&) { ++answers; });
  auto watch = client->watch("t/", 1, [&](const auto&) { ++answers; });
  REQUIRE(x->until([&] { return x->fakes[0]->requests.size() == 3; }));
  watch.reset();
  client.reset();
  x.reset();
  CHECK(answers == 0);
}
