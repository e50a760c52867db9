#include "tests/engine/coordinator/coordinator_rig.hpp"

// What every coordinator has to do alike.

using namespace troupe;
using namespace troupe::test;

using texts = std::vector<std::string>;

namespace {

struct rig {
  std::unique_ptr<coordinator_drive> drive =
    make_drive(GENERATE(as<std::string>{}, "memory", "local", "etcd"));
  asking client{*drive};

  // An etcd needs some time to begin, and has what a test before has left.
  rig() {
    auto wipe = txn_request{};
    for (const auto& x : client.read("").values) wipe.erases.push_back(x.key);
    REQUIRE(client.txn(wipe).outcome == txn_outcome::done);
  }
};

} // namespace

TEST_CASE("coordinator: what was put is read, in the order of keys") {
  auto x = rig{};
  auto b = x.client.put("t/b", "2");
  auto a = x.client.put("t/a", std::string{"\0\xff\n", 3});
  x.client.put("u/c", "3");
  REQUIRE(a.outcome == txn_outcome::done);
  CHECK(a.at > b.at);
  auto read = x.client.read("t/");
  REQUIRE(read.values.size() == 2);
  CHECK(read.values[0] == kept_value{"t/a", {"\0\xff\n", 3}, a.at});
  CHECK(read.values[1] == kept_value{"t/b", "2", b.at});
  CHECK(read.at == a.at + 1);
}

TEST_CASE("coordinator: an empty prefix means all keys") {
  auto x = rig{};
  x.client.put("\x01", "1");
  x.client.put("\xff\xff", "2");
  CHECK(values_of(x.client.read("")) == texts{"\x01=1", "\xff\xff=2"});
  CHECK(values_of(x.client.read("\xff")) == texts{"\xff\xff=2"});
}

TEST_CASE("coordinator: of two writers with one revision exactly one wins") {
  auto x = rig{};
  auto first = x.client.put("t/k", "first", 0);
  REQUIRE(first.outcome == txn_outcome::done);
  auto outcomes = std::vector<txn_answer>{};
  for (auto who : {"second", "third"}) {
    auto what = txn_request{{{"t/k", first.at}}, {{"t/k", who}}, {}, {}};
    x.client.with().txn(what, [&](txn_answer said) {
      x.drive->locked([&] { outcomes.push_back(std::move(said)); });
    });
  }
  REQUIRE(x.client.until([&] { return outcomes.size() == 2; }));
  auto won = [](const txn_answer& y) { return y.outcome == txn_outcome::done; };
  REQUIRE(std::count_if(outcomes.begin(), outcomes.end(), won) == 1);
  const auto& lost = won(outcomes[0]) ? outcomes[1] : outcomes[0];
  CHECK(lost.outcome == txn_outcome::conflict);
  CHECK(lost.current == x.client.read("t/").values);
}

TEST_CASE("coordinator: a txn with one expectation wrong changes nothing") {
  auto x = rig{};
  auto a = x.client.put("t/a", "1");
  auto what = txn_request{
    {{"t/a", a.at}, {"t/b", 7}, {"t/c", 0}}, {{"t/c", "3"}}, {"t/a"}, {}};
  auto said = x.client.txn(what);
  CHECK(said.outcome == txn_outcome::conflict);
  CHECK(said.current == std::vector<kept_value>{{"t/a", "1", a.at}});
  CHECK(said.at == a.at);
  CHECK(values_of(x.client.read("t/")) == texts{"t/a=1"});
}

TEST_CASE("coordinator: a txn's changes have one revision") {
  auto x = rig{};
  x.client.put("t/a", "1");
  auto said = x.client.txn({{}, {{"t/b", "2"}, {"t/c", "3"}}, {"t/a"}, {}});
  REQUIRE(said.outcome == txn_outcome::done);
  auto read = x.client.read("t/");
  CHECK(read.at == said.at);
  for (const auto& y : read.values) CHECK(y.changed == said.at);
  CHECK(values_of(read) == texts{"t/b=2", "t/c=3"});
}

TEST_CASE("coordinator: what changes nothing has no revision of its own") {
  auto x = rig{};
  auto put = x.client.put("t/a", "1");
  auto gone = x.client.erase("t/b");
  CHECK(gone.outcome == txn_outcome::done);
  CHECK(gone.at == put.at);
  CHECK(x.client.txn({}).at == put.at);
  CHECK(x.client.put("t/a", "1").at == put.at + 1); // the same, but put
}

TEST_CASE("coordinator: a key that was erased and put is another") {
  auto x = rig{};
  auto first = x.client.put("t/k", "1", 0);
  x.client.erase("t/k");
  CHECK(x.client.put("t/k", "2", first.at).outcome == txn_outcome::conflict);
  CHECK(x.client.put("t/k", "2", 0).outcome == txn_outcome::done);
}

TEST_CASE(
  "coordinator: a watch tells every change in order from its revision") {
  auto x = rig{};
  x.client.put("t/a", "before");
  auto from = x.client.read("t/").at;
  x.client.put("t/a", "1");
  x.client.put("u/a", "other");
  auto seen = x.client.watch("t/", from);
  auto both = x.client.txn({{}, {{"t/b", "2"}}, {"t/a"}, {}});
  auto last = x.client.put("t/b", "");
  REQUIRE(x.client.until([&] { return seen->changes.size() == 4; }));
  CHECK(seen->changes[0] == key_change{"t/a", "1", from + 1});
  CHECK(seen->changes[1].at == both.at);
  CHECK(seen->changes[2].at == both.at);
  CHECK(seen->changes[3] == key_change{"t/b", "", last.at});
  auto middle = texts_of({seen->changes[1], seen->changes[2]});
  std::sort(middle.begin(), middle.end());
  CHECK(middle == texts{"t/a gone", "t/b=2"});
  CHECK(seen->resyncs.empty());
}

TEST_CASE("coordinator: a watch that was let go tells nothing more") {
  auto x = rig{};
  auto from = x.client.read("t/").at;
  auto gone = x.client.watch("t/", from);
  auto other = x.client.watch("t/", from);
  x.client.put("t/a", "1");
  REQUIRE(x.client.until(
    [&] { return gone->changes.size() + other->changes.size() == 2; }));
  gone->watch.reset();
  x.client.put("t/a", "2");
  REQUIRE(x.client.until([&] { return other->changes.size() == 2; }));
  CHECK(gone->changes.size() == 1);
}

TEST_CASE("coordinator: a session's keys vanish with it") {
  auto x = rig{};
  auto held = x.client.open_session(2s).value();
  auto said = x.client.txn({{}, {{"t/a", "1"}, {"t/b", "2"}}, {}, held->id()});
  REQUIRE(said.outcome == txn_outcome::done);
  x.client.put("t/b", "3"); // now without the session
  auto seen = x.client.watch("t/", x.client.read("t/").at);
  held.reset();
  REQUIRE(x.client.until([&] { return !seen->changes.empty(); }));
  CHECK(texts_of(seen->changes) == texts{"t/a gone"});
  CHECK(values_of(x.client.read("t/")) == texts{"t/b=3"});
}

TEST_CASE("coordinator: nothing is put under a session that is over") {
  auto x = rig{};
  auto held = x.client.open_session(2s).value();
  auto id = held->id();
  auto put = [&] { return x.client.txn({{}, {{"t/a", "1"}}, {}, id}).outcome; };
  REQUIRE(put() == txn_outcome::done);
  held.reset();
  // Told by the key, since nobody answers the end of a session.
  while (!x.client.read("t/").values.empty()) x.drive->step();
  CHECK(put() == txn_outcome::refused);
  CHECK(x.client.read("t/").values.empty());
}

TEST_CASE("coordinator: what is too large or senseless is refused by all") {
  auto x = rig{};
  auto what = txn_request{};
  SECTION("keys") {
    auto key = GENERATE(std::string{}, std::string(1025, 'k'));
    what.puts.push_back({key, "1"});
  }
  SECTION("a key to be read") { what.expects.push_back({"", 0}); }
  SECTION("one key twice") {
    what.puts = {{"t/a", "1"}};
    what.erases = {"t/a"};
  }
  SECTION("many writes") {
    for (auto i = 0; i < 129; ++i)
      what.erases.push_back("t/" + std::to_string(i));
  }
  SECTION("many expectations") { what.expects.resize(129, {"t/a", 0}); }
  SECTION("many bytes") {
    what.puts.push_back({"t/a", std::string(1024 * 1024, 'x')});
  }
  auto said = x.client.txn(what);
  CHECK(said.outcome == txn_outcome::refused);
  CHECK(!said.why.empty());
  CHECK(x.client.read("t/").values.empty());
}

TEST_CASE("coordinator: what is as large as may be is taken") {
  auto x = rig{};
  auto what = txn_request{};
  for (auto i = 0; i < 128; ++i)
    what.puts.push_back({"t/" + std::to_string(i), std::string(8000, 'x')});
  for (const auto& y : what.puts) what.expects.push_back({y.key, 0});
  CHECK(x.client.txn(what).outcome == txn_outcome::done);
  CHECK(x.client.read("t/").values.size() == 128);
  auto again = x.client.txn(what);
  CHECK(again.outcome == txn_outcome::conflict);
  CHECK(again.current.size() == 128);
}

TEST_CASE("coordinator: after close all is answered, and refused") {
  auto x = rig{};
  x.client.put("t/a", "1");
  auto seen = x.client.watch("t/", x.client.read("t/").at);
  auto held = x.client.open_session(2s).value();
  x.client.with().close();
  CHECK(x.client.put("t/a", "2").outcome == txn_outcome::refused);
  CHECK(!x.client.range("t/"));
  CHECK(!x.client.open_session(2s));
  auto late = x.client.watch("t/", 1);
  REQUIRE(x.client.until([&] { return !late->resyncs.empty(); }));
  CHECK(seen->changes.empty());
  CHECK(seen->resyncs.empty());
}

TEST_CASE("coordinator: closed and let go at once, nothing is left over") {
  auto x = rig{};
  auto seen = x.client.watch("t/", 1);
  auto held = x.client.open_session(2s).value();
  x.client.with().close();
  { auto gone = std::move(x.client); }
  held.reset();
  seen->watch.reset();
  for (auto i = 0; i < 10; ++i) x.drive->step();
  CHECK(seen->changes.empty());
}
