#include "engine/replication/checkpoint_desk.hpp"
#include "tests/engine/store/store_play.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;
using troupe::cluster::local_time;
using troupe::cluster::log_mark;
using troupe::cluster::member_id;
using state = piece_answer::state;

namespace {

struct desk_play {
  temp_folder folder;
  std::unique_ptr<log_store> store =
    log_store::open(options_in(folder.path())).value();
  checkpoint_desk desk{*store, {300, 2, 5min, 10s}};
  local_time now{1h};

  desk_play() {
    auto request = commit_request{};
    for (int i = 0; i < 20; ++i)
      request.appends.push_back(append_to(group, published(1, "body")));
    request.marks.emplace_back(group, replica_mark{1, 5, 1, {{6, 1}}, false});
    store->commit(request).value();
  }

  piece_answer ask(int to, std::uint64_t piece, log_index at = 10) {
    auto member = member_id{static_cast<std::uint16_t>(to)};
    auto job = piece_job{1, member, log_mark{1, at}, piece};
    return desk.piece(group, job, now).value();
  }
};

} // namespace

TEST_CASE("checkpoint_desk: pieces of one view, again and again") {
  auto play = desk_play{};
  auto first = play.ask(2, 0);
  CHECK(first.how == state::cut);
  auto n = std::uint64_t{0};
  auto last = first;
  while (!last.is_last) last = play.ask(2, ++n);
  CHECK(n > 1);
  CHECK(play.ask(2, 0).bytes == first.bytes);
  CHECK(play.ask(2, n + 1).how == state::gone);
  CHECK(play.desk.views() == 1);
}

TEST_CASE("checkpoint_desk: a view that is sent makes room for another") {
  auto play = desk_play{};
  for (auto n = std::uint64_t{0}; !play.ask(2, n).is_last; ++n) continue;
  CHECK(play.ask(3, 0).how == state::cut);
  CHECK(play.ask(4, 0).how == state::cut);
  CHECK(play.ask(5, 0).how == state::later); // those are under way
  CHECK(play.ask(3, 1).how == state::cut);
  CHECK(play.ask(2, 1).how == state::gone);
}

TEST_CASE("checkpoint_desk: a view that is not there is gone") {
  auto play = desk_play{};
  CHECK(play.ask(2, 1).how == state::gone);
  CHECK(play.ask(2, 0, 4).how == state::gone); // the base is behind it
  CHECK(play.ask(2, 0).how == state::cut);
  CHECK(play.ask(2, 1, 11).how == state::gone);
  CHECK(play.ask(2, 0, 11).how == state::cut); // in the other one's place
  CHECK(play.ask(2, 1, 10).how == state::gone);
  CHECK(play.desk.views() == 1);
  play.desk.drop(group_id{6});
  CHECK(play.desk.views() == 1);
  play.desk.drop(group);
  CHECK(play.desk.views() == 0);
  CHECK(play.ask(2, 1, 11).how == state::gone);
}

TEST_CASE("checkpoint_desk: views are few, and end when nobody goes on") {
  auto play = desk_play{};
  CHECK(play.ask(2, 0).how == state::cut);
  play.now += 1s;
  CHECK(play.ask(3, 0).how == state::cut);
  play.now += 8s;
  CHECK(play.ask(4, 0).how == state::later);
  CHECK(play.ask(2, 0).how == state::cut); // nothing new
  CHECK(play.ask(3, 1).how == state::cut);
  play.now += 2s;
  CHECK(play.ask(4, 0).how == state::cut); // in the place of 2's
  CHECK(play.desk.views() == 2);
  CHECK(play.ask(2, 1).how == state::gone);
  play.now += 5min - 2s;
  play.desk.on_tick(play.now);
  CHECK(play.desk.views() == 1);
  CHECK(play.ask(4, 1).how == state::cut);
  play.now += 5min;
  play.desk.on_tick(play.now);
  CHECK(play.desk.views() == 0);
}
