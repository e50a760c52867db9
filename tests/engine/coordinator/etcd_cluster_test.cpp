#include "engine/coordinator/etcd_calls.hpp"
#include "engine/coordinator/etcd_codec.hpp"
#include "tests/engine/coordinator/coordinator_rig.hpp"
#include "tests/engine/net/certificates.hpp"

// An etcd_coordinator with real etcds that are killed, stopped and cut off.

using namespace troupe;
using namespace troupe::test;
using texts = std::vector<std::string>;

namespace {

/// Asks one endpoint's gateway something that no coordinator asks.
std::string ask(
  etcd_drive& drive,
  std::size_t member,
  const std::string& path,
  const std::string& json) {
  auto options = etcd_options{};
  options.endpoints = {drive.etcd->endpoints()[member]};
  auto calls = std::make_shared<etcd_calls>(drive.context, options, nullptr);
  auto reply = std::optional<etcd_reply>{};
  calls->ask({path, json, true, [&](etcd_reply x) { reply = std::move(x); }});
  REQUIRE(drive.until([&] { return reply.has_value(); }));
  calls->close();
  drive.step();
  return reply->text;
}

std::string field(const std::string& json, const std::string& name) {
  auto mark = '"' + name + "\":\"";
  auto at = json.find(mark);
  if (at == std::string::npos) return {};
  at += mark.size();
  return json.substr(at, json.find('"', at) - at);
}

std::size_t leader_of(etcd_drive& drive) {
  for (std::size_t i = 0; i < 3; ++i) {
    auto status = ask(drive, i, "/v3/maintenance/status", "{}");
    auto leader = field(status, "leader");
    if (!leader.empty() && leader == field(status, "member_id")) return i;
  }
  FAIL("nobody leads");
  return 0;
}

} // namespace

TEST_CASE("etcd_coordinator: calls and watches outlive the leader's kill -9") {
  auto drive = etcd_drive{3};
  auto options = etcd_options{.endpoints = drive.etcd->endpoints()};
  options.request_limit = 5s;
  auto client = asking{drive, drive.client(options)};
  auto seen = client.watch("t/", client.read("t/").at);
  REQUIRE(client.put_at_last("t/a", "before"));
  auto held = client.open_session(30s).value();
  drive.etcd->processes[leader_of(drive)]->kill();
  auto last = revision{0};
  auto done = 0;
  for (auto i = 0; i < 50 && done < 5; ++i) {
    auto said = client.txn({{}, {{"t/b", std::to_string(i)}}, {}, held->id()});
    if (said.outcome != txn_outcome::done) continue;
    CHECK(said.at > last);
    last = said.at;
    ++done;
  }
  REQUIRE(done == 5);
  REQUIRE(client.until(
    [&] { return !seen->changes.empty() && seen->changes.back().at == last; }));
  CHECK(seen->resyncs.empty());
  for (std::size_t i = 1; i < seen->changes.size(); ++i)
    CHECK(seen->changes[i].at > seen->changes[i - 1].at);
  CHECK(texts_of({seen->changes[0]}) == texts{"t/a=before"});
}

TEST_CASE("etcd_coordinator: without a majority calls end by their deadline") {
  auto drive = etcd_drive{3};
  auto options = etcd_options{.endpoints = drive.etcd->endpoints()};
  options.request_limit = 800ms;
  auto client = asking{drive, drive.client(options)};
  client.read("t/");
  drive.etcd->processes[0]->signal(SIGSTOP);
  drive.etcd->processes[1]->signal(SIGSTOP);
  auto begun = std::chrono::steady_clock::now();
  auto said = client.put("t/a", "1", 0);
  CHECK(said.outcome == txn_outcome::unknown);
  CHECK(!client.range("t/"));
  CHECK(std::chrono::steady_clock::now() - begun < 6s); // 1.6 s, if not busy
  drive.etcd->processes[0]->signal(SIGCONT);
  drive.etcd->processes[1]->signal(SIGCONT);
  // What was unknown is known by reading, and the same may be sent again.
  auto outcome = txn_outcome::unknown;
  for (auto i = 0; i < 20 && outcome == txn_outcome::unknown; ++i)
    outcome = client.put("t/a", "1", 0).outcome;
  CHECK(outcome != txn_outcome::refused);
  CHECK(values_of(client.read("t/")) == texts{"t/a=1"});
}

TEST_CASE("etcd_coordinator: a watch behind a compaction resyncs") {
  auto drive = etcd_drive{};
  auto client = asking{drive};
  auto from = client.read("t/").at;
  for (auto i = 0; i < 5; ++i) client.put("t/a", std::to_string(i));
  auto at = client.read("t/").at;
  ask(
    drive, 0, "/v3/kv/compaction",
    "{\"revision\":\"" + std::to_string(at) + "\"}");
  auto old = client.watch("t/", from);
  REQUIRE(client.until([&] { return old->resyncs.size() == 1; }));
  CHECK(old->changes.empty());
  auto seen = client.watch("t/", at);
  client.put("t/a", "6");
  REQUIRE(client.until([&] { return seen->changes.size() == 1; }));
  CHECK(texts_of(seen->changes) == texts{"t/a=6"});
}

TEST_CASE("etcd_coordinator: a session outlives its time, but not an outage") {
  auto drive = etcd_drive{};
  auto client = asking{drive};
  client.read("t/");
  auto lost = 0;
  auto held =
    client.open_session(2s, [&](const std::string&) { ++lost; }).value();
  client.txn({{}, {{"t/a", "1"}}, {}, held->id()});
  auto latest = std::chrono::steady_clock::now() + 2500ms;
  client.until([&] { return std::chrono::steady_clock::now() > latest; });
  CHECK(lost == 0);
  CHECK(client.read("t/").values.size() == 1);
  drive.etcd->processes[0]->signal(SIGSTOP);
  REQUIRE(client.until([&] { return lost == 1; }));
  drive.etcd->processes[0]->signal(SIGCONT);
  auto is_gone = [&] { return client.read("t/").values.empty(); };
  for (auto i = 0; i < 500 && !is_gone(); ++i) drive.step();
  CHECK(client.read("t/").values.empty());
  held.reset();
  CHECK(lost == 1);
}

// -- TLS

namespace {

/// An etcd that is asked by TLS, and shows its name as `localhost`.
struct tls_rig {
  tls_rig() {
    files.write("ca", authority);
    files.write("server", make_identity("localhost", &authority));
    files.write("client", make_identity("node", &authority));
    files.write("stranger", make_identity("node", nullptr));
    auto& settings = drive.etcd->settings[0];
    settings.client_tls =
      etcd_tls{files / "ca.pem", files / "server.pem", files / "server.key"};
    port = free_ports(1)[0];
    settings.remote_client = endpoint{"127.0.0.1", port};
    // An etcd that is killed before it knows its members never leads itself.
    asking{drive}.read("t/");
    drive.etcd->processes[0]->kill();
    drive.etcd->start(0);
    asking{drive}.read("t/"); // by its plain port, until it answers
  }

  etcd_options options(const std::string& shown, const std::string& trusted) {
    auto made = etcd_options{.endpoints = {{"localhost", port}}};
    made.tls = client_tls_options{files / (trusted + ".pem"), {}, {}};
    if (!shown.empty()) {
      made.tls->cert = files / (shown + ".pem");
      made.tls->key = files / (shown + ".key");
    }
    return made;
  }

  certificate_folder files;
  identity authority = make_identity("authority", nullptr);
  etcd_drive drive;
  std::uint16_t port = 0;
};

} // namespace

TEST_CASE("etcd_coordinator: by TLS it does what it does without") {
  auto x = tls_rig{};
  auto client = asking{x.drive, x.drive.client(x.options("client", "ca"))};
  auto seen = client.watch("t/", client.read("t/").at);
  REQUIRE(client.put("t/a", "1").outcome == txn_outcome::done);
  REQUIRE(client.until([&] { return seen->changes.size() == 1; }));
  CHECK(values_of(client.read("t/")) == texts{"t/a=1"});
}

TEST_CASE("etcd_coordinator: TLS with the wrong certificates is an error") {
  auto x = tls_rig{};
  auto options = x.options("client", "ca");
  SECTION("none of its own") { options = x.options("", "ca"); }
  SECTION("one that nobody signed") { options = x.options("stranger", "ca"); }
  SECTION("a server that it does not trust") {
    options = x.options("client", "stranger");
  }
  SECTION("a server of another name") {
    options.endpoints[0].host = "127.0.0.1";
  }
  options.request_limit = 300ms;
  auto client = asking{x.drive, x.drive.client(options)};
  CHECK(!client.range("t/"));
  CHECK(client.put("t/a", "1").outcome == txn_outcome::unknown);
  auto plain = asking{x.drive};
  CHECK(plain.read("t/").values.empty());
}
