#include "actors/cluster/replicas_actor.hpp"
#include "actors/cluster/store_actors.hpp"
#include "engine/store/entry_codec.hpp"
#include "tests/actors/cluster/toy_network.hpp"
#include "tests/engine/store/store_play.hpp"
#include "tests/support/sandbox.hpp"

#include <algorithm>
#include <set>

// One member's replicas of all groups over a real store. The test is whoever
// they talk to: the writer, membership, hosting, and queues.

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

constexpr auto self = cluster::member_id{1};
constexpr auto own_store = cluster::store_id{1, 1};

struct replicas_stage {
  replicas_stage() { open(); }

  void open() {
    if (!store) store = log_store::open(options_in(folder.path())).value();
    auto options = group_replica::options{};
    options.machine.self = self;
    options.machine.store = own_store;
    options.machine.min_in_sync = 1;
    auto all = std::make_shared<std::vector<group_replica>>();
    for (std::size_t i = 0; i < groups; ++i) {
      options.group = group_id{static_cast<std::uint8_t>(i)};
      all->push_back(
        group_replica::open(options, *store, cluster::local_now()).value());
    }
    auto us = caf::actor{box.self};
    auto places = replicas_places{};
    places.writer = caf::actor_cast<writer_actor>(us);
    places.lookup = caf::actor_cast<lookup_actor>(us);
    places.links = net.open(self);
    is_stuck = places.is_stuck;
    replicas = box.spawn(
      run_replicas, places, all, cluster::registered_member{self, own_store});
    auto strong = caf::actor_cast<caf::strong_actor_ptr>(us);
    box.tell(replicas, replicas::begin{strong, strong});
  }

  /// Lets this member lead alone.
  void elect(std::uint64_t epoch, cluster::member_id leader = self) {
    auto record = cluster::group_record{};
    record.epoch = epoch;
    record.leader = leader;
    record.replicas = {self};
    record.in_sync = {{self, own_store}};
    if (leader != self) {
      record.replicas.push_back(leader);
      record.in_sync.push_back({leader, {1, 2}});
    }
    box.tell(replicas, replicas::record{group, record, ++revision});
  }

  /// Does what is to be written; false if nothing is.
  bool write_some() {
    auto asked = box.take<writer::write>();
    if (!asked) return false;
    auto answer = replicas::written{};
    for (auto& [of, job] : asked->jobs) {
      auto done = store->commit(job.what);
      if (!done) FAIL(done.error().detail);
      answer.jobs.emplace_back(of, job.number);
    }
    box.tell(replicas, std::move(answer));
    return true;
  }

  void write() {
    while (write_some()) {
    }
  }

  /// Leads, and returns whether hosting was told.
  bool lead(std::uint64_t epoch) {
    elect(epoch);
    write();
    auto told = box.take<hosting::lead>();
    return told && told->group == group && told->epoch == epoch && told->gate;
  }

  /// Commits an entry that sets a key, as a queue does.
  store::commit commit_of(const std::string& key, std::uint64_t epoch) {
    auto entry = settle_entry{};
    entry.queue = queue_id{7};
    entry.changes.push_back({"h", "", key, "v"});
    auto made = store::commit{};
    made.what.appends.push_back(
      {group, encode(log_entry{std::move(entry)}, epoch)});
    made.partitions.push_back(3);
    return made;
  }

  void commit(const std::string& key, std::uint64_t epoch) {
    box.tell(replicas, commit_of(key, epoch));
  }

  sandbox box;
  temp_folder folder;
  std::shared_ptr<log_store> store;
  toy_network net;
  replicas_actor replicas;
  std::shared_ptr<std::atomic<bool>> is_stuck;
  cluster::revision_number revision = 0;
};

} // namespace

TEST_CASE(
  "replicas_actor: who leads is hosted once its first entry is stored") {
  auto set = replicas_stage{};
  set.elect(1);
  CHECK_FALSE(set.box.take<hosting::lead>());
  set.write();
  auto told = set.box.take<hosting::lead>();
  REQUIRE(told);
  CHECK(told->group == group);
  CHECK(told->epoch == 1);
  REQUIRE(told->gate);
  CHECK_FALSE(set.box.take<hosting::lead>()); // once
}

TEST_CASE("replicas_actor: commits are answered in order, once committed") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(1));
  set.commit("a", 1);
  set.commit("b", 1);
  CHECK_FALSE(set.box.take<queue::stored>());
  set.write();
  auto first = set.box.take<queue::stored>();
  auto second = set.box.take<queue::stored>();
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(first->what.size() == 1);
  REQUIRE(second->what.size() == 1);
  CHECK(first->what[0].first == 3);
  CHECK(first->what[0].second > 0);
  CHECK(second->what[0].second == first->what[0].second + 1);
  CHECK_FALSE(set.box.take<queue::stored>());
}

TEST_CASE("replicas_actor: commits of an earlier epoch are never answered") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(1));
  set.commit("a", 1);
  SECTION("that came before it was over") { REQUIRE(set.lead(2)); }
  SECTION("that come late") {
    set.write();
    CHECK(set.box.take<queue::stored>());
    REQUIRE(set.lead(2));
    set.commit("b", 1);
  }
  set.write();
  CHECK(set.box.take<hosting::lost>());
  CHECK_FALSE(set.box.take<queue::stored>());
  set.commit("c", 2);
  set.write();
  auto answer = set.box.take<queue::stored>();
  REQUIRE(answer);
  CHECK_FALSE(set.box.take<queue::stored>());
}

TEST_CASE("replicas_actor: what has nothing to store is answered in its turn") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(1));
  auto nothing = store::commit{};
  nothing.partitions.push_back(9);
  set.box.tell(set.replicas, nothing);
  auto answer = set.box.take<queue::stored>();
  REQUIRE(answer);
  REQUIRE(answer->what.size() == 1);
  CHECK(answer->what[0] == std::pair{std::uint16_t{9}, log_index{0}});
  set.commit("a", 1);
  set.box.tell(set.replicas, nothing);
  CHECK_FALSE(set.box.take<queue::stored>());
  set.write();
  answer = set.box.take<queue::stored>();
  REQUIRE(answer);
  CHECK(answer->what[0].first == 3);
  answer = set.box.take<queue::stored>();
  REQUIRE(answer);
  CHECK(answer->what[0].first == 9);
}

TEST_CASE("replicas_actor: who does not lead answers nothing") {
  auto set = replicas_stage{};
  set.commit("a", 0);
  set.elect(1, cluster::member_id{2});
  set.commit("b", 1);
  set.write();
  CHECK_FALSE(set.box.take<hosting::lead>());
  CHECK_FALSE(set.box.take<queue::stored>());
}

TEST_CASE("replicas_actor: a group that is lost is hosted no more") {
  auto set = replicas_stage{};
  set.elect(1);
  set.write();
  auto led = set.box.take<hosting::lead>();
  REQUIRE(led);
  set.elect(2, cluster::member_id{2});
  auto lost = set.box.take<hosting::lost>();
  REQUIRE(lost);
  CHECK(lost->group == group);
  CHECK_FALSE(led->gate->is_open(cluster::local_now()));
  CHECK_FALSE(led->gate->is_open(cluster::local_now() + 1h));
  auto views = set.box.take<lookup::drop_views>();
  REQUIRE(views);
  CHECK(views->group == group);
}

TEST_CASE("replicas_actor: what is committed is there after a restart") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(1));
  set.commit("a", 1);
  set.write();
  REQUIRE(set.box.take<queue::stored>());
  caf::anon_send_exit(set.replicas, caf::exit_reason::kill);
  set.box.play();
  set.open();
  REQUIRE(set.lead(2));
  auto values = std::vector<std::string>{};
  auto done = set.store->scan_state(
    "h", [&](auto, auto key, auto) { values.emplace_back(key); });
  REQUIRE(done.has_value());
  CHECK(values == std::vector<std::string>{"a"});
}

TEST_CASE("replicas_actor: an epoch is not led twice") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(1));
  caf::anon_send_exit(set.replicas, caf::exit_reason::kill);
  set.box.play();
  set.open();
  CHECK_FALSE(set.lead(1));
  auto wanted = set.box.take<membership::leader_wanted>();
  REQUIRE(wanted);
  CHECK(wanted->group == group);
  CHECK(wanted->by == self);
}

TEST_CASE("replicas_actor: queues get numbers that no other has") {
  auto set = replicas_stage{};
  auto seen = std::set<queue_id>{};
  for (auto i = 0; i < 100; ++i) {
    auto made =
      set.box.ask<store::defined>(set.replicas, store::define{"/:orders", 4});
    REQUIRE(made);
    CHECK(made->queue.partitions == 4);
    CHECK(made->queue.id != queue_id{});
    CHECK(seen.insert(made->queue.id).second);
  }
}

TEST_CASE("replicas_actor: the end of a log is told") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(4));
  set.box.tell(set.replicas, replicas::ask_end{group, self});
  auto told = set.box.take<membership::log_end>();
  REQUIRE(told);
  CHECK(told->group == group);
  CHECK(told->what.member == self);
  CHECK(told->what.store == own_store);
  CHECK(told->what.end.epoch == 4);
  CHECK(told->what.end.index > 0);
}

TEST_CASE("replicas_actor: messages that are not understood do no harm") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(1));
  for (const auto* bytes : {"", "x", "\xff\xff\xff\xff\xff\xff\xff\xff"})
    set.box.tell(
      set.replicas, replicas::received{cluster::member_id{2}, bytes});
  set.commit("a", 1);
  set.write();
  CHECK(set.box.take<queue::stored>());
}

TEST_CASE("replicas_actor: messages wait for room, and are not lost") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(1));
  set.box.tell(set.replicas, replicas::space{false});
  set.commit("a", 1); // a state alone lets go of more than it takes
  set.write();
  CHECK(set.box.take<queue::stored>());
  auto made = store::commit{};
  made.what.appends.push_back({group, encode(published(1, "x"), 1)});
  made.partitions.push_back(4);
  set.box.tell(set.replicas, made);
  set.box.wait(500ms);
  set.write();
  CHECK_FALSE(set.box.take<queue::stored>());
  set.box.tell(set.replicas, replicas::space{true});
  set.box.wait(50ms);
  set.write();
  auto answer = set.box.take<queue::stored>();
  REQUIRE(answer);
  REQUIRE(answer->what.size() == 1);
  CHECK(answer->what[0].first == 4);
  CHECK(answer->what[0].second > 0);
}

TEST_CASE(
  "replicas_actor: publishers wait for room only while a group needs it") {
  auto set = replicas_stage{};
  set.box.tell(set.replicas, replicas::space{false});
  set.box.wait(50ms);
  CHECK_FALSE(*set.is_stuck); // it leads nothing
  REQUIRE(set.lead(1));
  set.box.wait(50ms);
  CHECK(*set.is_stuck);
  SECTION("there is room again") {
    set.box.tell(set.replicas, replicas::space{true});
  }
  SECTION("another has taken over") { set.elect(2, cluster::member_id{2}); }
  set.box.wait(50ms);
  CHECK_FALSE(*set.is_stuck);
}

TEST_CASE("replicas_actor: a group of a full disk is led all the same") {
  auto set = replicas_stage{};
  set.box.tell(set.replicas, replicas::space{false});
  CHECK(set.lead(1));
}

TEST_CASE(
  "writer_actor: replicas are told of a full disk at their first word") {
  auto box = sandbox{};
  auto folder = temp_folder{};
  auto options = options_in(folder.path());
  options.min_free_bytes = std::uint64_t{1} << 62;
  auto store = std::shared_ptr{log_store::open(options).value()};
  auto is_full = std::make_shared<std::atomic<bool>>(false);
  auto writer = box.spawn(run_writer, store, is_full);
  CHECK(*is_full);
  auto job = write_job{1, appending(group, published(1, "x"))};
  box.tell(writer, writer::write{{{group, job}}});
  auto told = box.take<replicas::space>();
  REQUIRE(told);
  CHECK_FALSE(told->has_space);
  CHECK(box.take<replicas::written>());
  box.wait(3s);
  CHECK_FALSE(box.take<replicas::space>()); // once
  *is_full = false;
  box.wait(1s);
  CHECK(*is_full); // it looks anew
}

TEST_CASE("replicas_actor: figures tell each group's role") {
  auto set = replicas_stage{};
  REQUIRE(set.lead(1));
  auto told =
    set.box.ask<replicas::description>(set.replicas, replicas::describe{});
  REQUIRE(told);
  REQUIRE(told->groups.size() == groups);
  const auto& x = told->groups[static_cast<std::size_t>(group)];
  CHECK(x.role >= cluster::replica_role::accepting);
  CHECK(x.epoch == 1);
  CHECK(x.committed == x.last);
  CHECK(told->groups[6].role < cluster::replica_role::recovering);
}

TEST_CASE("replicas_actor: a stop is answered once all is noted on disk") {
  auto set = replicas_stage{};
  auto is_stopped = false;
  set.box.spawn([&](caf::event_based_actor* asker) {
    asker->request(set.replicas, caf::infinite, replicas::stop{})
      .then([&](replicas::stopped) { is_stopped = true; });
  });
  for (auto i = 0; i < 25; ++i) set.box.wait(50ms); // others take over
  CHECK_FALSE(is_stopped);
  set.write();
  CHECK(is_stopped);
}
