#include "actors/node/done_record.hpp"
#include "actors/node/shared_work.hpp"
#include "tests/actors/cluster/membership_stage.hpp"
#include "tests/actors/node/short_way.hpp"

#include <boost/json.hpp>

#include <memory>
#include <string>
#include <tuple>
#include <utility>

using namespace troupe;
using namespace troupe::test;

namespace {

/// What one member knows of the work, beside the other one.
struct worker {
  std::shared_ptr<short_way> way;
  std::shared_ptr<member_questions> questions;
  std::shared_ptr<running_work> here = std::make_shared<running_work>();
  std::unique_ptr<shared_work> work;
};

constexpr auto source_group = group_id{3};

/// Two members whose pipeline has a source and no queues.
struct work_stage : membership_stage {
  work_stage() : membership_stage{2} {
    truth = std::make_shared<stepped_coordinator>(world, now, "worker");
    start("a");
    run(200ms);
    start("b");
    run(500ms);
    add("a");
    add("b");
    workers["a"].way->to = workers["b"].way.get();
    workers["b"].way->to = workers["a"].way.get();
  }

  ~work_stage() {
    for (auto& [name, x] : workers) x.questions->stop();
  }

  void add(const std::string& name) {
    auto& x = workers[name];
    const auto& own = members.at(name).own;
    x.way = std::make_shared<short_way>(own.id);
    x.questions = std::make_shared<member_questions>(x.way);
    auto places = shared_work_places{};
    places.system = &box.system;
    places.truth = truth;
    places.board = members.at(name).board;
    places.questions = x.questions;
    places.here = x.here;
    places.prefix = prefix;
    places.self = name;
    places.incarnation = own.incarnation;
    places.began_at = began_at;
    places.sources = {{"in", source_group}};
    x.work = std::make_unique<shared_work>(std::move(places));
    x.questions->answer_by(
      [&x](const boost::json::object&) { return x.work->answer(); });
  }

  /// Ends a member, lets its session end, and starts it again.
  void restart(const std::string& name) {
    kill(name);
    run(10s);
    start(name);
    run(500ms);
  }

  /// Lets a member begin anew with what it knows of the work.
  void renew(const std::string& name) {
    workers.erase(name);
    add(name);
  }

  /// Returns who leads the source's group, and the other one.
  std::pair<std::string, std::string> leader_and_other() {
    auto leader = view("a").groups.at(source_group).first.leader;
    if (members.at("a").own.id == leader) return {"a", "b"};
    return {"b", "a"};
  }

  work_progress look(const std::string& at) {
    return workers.at(at).work->look();
  }

  /// Runs the source on a member, as long as what is returned is kept.
  std::shared_ptr<source_report> run_source(const std::string& at) {
    auto report = std::make_shared<source_report>();
    workers.at(at).here->note_source("in", report);
    return report;
  }

  revision began_at = std::numeric_limits<revision>::max();
  std::shared_ptr<stepped_coordinator> truth;
  std::map<std::string, worker> workers;
};

void end(source_report& report) {
  report.update([](auto& x) { x.has_ended = true; });
}

/// The same, with the source running where its group is led.
struct source_stage : work_stage {
  source_stage() {
    std::tie(leader, other) = leader_and_other();
    report = run_source(leader);
  }

  std::string leader;
  std::string other;
  std::shared_ptr<source_report> report;
};

} // namespace

TEST_CASE("shared_work: a source is at its end where its group is led") {
  auto set = source_stage{};
  auto stale = set.run_source(set.other);
  end(*stale);
  CHECK_FALSE(set.look(set.leader).is_done());
  CHECK_FALSE(set.look(set.other).is_done());
  end(*set.report);
  CHECK(set.look(set.leader).is_done());
  CHECK(set.look(set.other).is_done());
}

TEST_CASE("shared_work: a source with unconfirmed messages is not at its end") {
  auto set = source_stage{};
  end(*set.report);
  set.report->update([](auto& x) { x.published = 2, x.confirmed = 1; });
  CHECK_FALSE(set.look(set.other).is_done());
  set.report->update([](auto& x) { x.confirmed = 2; });
  CHECK(set.look(set.other).is_done());
}

TEST_CASE("shared_work: who reads a source and is not reached is named") {
  auto set = source_stage{};
  end(*set.report);
  set.workers.at(set.other).way->to = nullptr;
  auto seen = set.look(set.other);
  CHECK_FALSE(seen.is_done());
  CHECK(seen.waits_for == "the member that reads source in");
}

TEST_CASE("shared_work: a source that no longer runs is not at its end") {
  auto set = work_stage{};
  auto [leader, other] = set.leader_and_other();
  end(*set.run_source(leader)); // kept by nobody
  CHECK_FALSE(set.look(leader).is_done());
}

TEST_CASE("shared_work: a failure anywhere is seen everywhere") {
  auto set = source_stage{};
  set.report->update([](auto& x) { x.failure = {errc::bad_input, "line 3"}; });
  CHECK(set.look(set.other).failure == "line 3");
}

TEST_CASE("shared_work: a stage that is paused anywhere is seen everywhere") {
  auto set = work_stage{};
  auto figures = std::make_shared<supervisor_figures>();
  set.workers.at("a").here->note_stage("charge", "orders#3", figures);
  CHECK(set.look("b").failure.empty());
  figures->has_given_up = true;
  CHECK(set.look("b").failure == "stage charge is paused");
}

TEST_CASE("shared_work: what one member concludes others see without it") {
  auto set = work_stage{};
  CHECK_FALSE(set.look("b").is_over);
  CHECK(set.workers.at("a").work->conclude("no more"));
  set.workers.at("b").way->to = nullptr;
  auto seen = set.look("b");
  CHECK(seen.is_over);
  CHECK(seen.failure == "no more");
}

TEST_CASE("shared_work: what was concluded does not hold for a later start") {
  auto set = work_stage{};
  CHECK(set.workers.at("a").work->conclude(""));
  CHECK(set.look("b").is_over);
  set.restart("b");
  set.renew("b");
  CHECK_FALSE(set.look("b").is_over);
}

TEST_CASE("shared_work: who began before all was done has no more to do") {
  auto set = work_stage{};
  CHECK(set.workers.at("a").work->conclude(""));
  auto done = wait_for_range(*set.truth, done_key(set.prefix)).value();
  auto done_at = done.values.at(0).changed;
  set.restart("b");
  auto add = [&](revision began_at) {
    set.began_at = began_at;
    set.renew("b");
    return set.look("b").is_over;
  };
  CHECK(add(done_at - 1));
  CHECK_FALSE(add(done_at));
}

TEST_CASE("shared_work: of two that conclude at once one has to look again") {
  auto set = work_stage{};
  set.look("a");
  set.look("b");
  CHECK(set.workers.at("a").work->conclude(""));
  CHECK_FALSE(set.workers.at("b").work->conclude(""));
  CHECK(set.look("b").is_over);
}

TEST_CASE("shared_work: a damaged record is replaced") {
  auto set = work_stage{};
  auto request = txn_request{};
  request.puts.push_back({done_key(set.prefix), "{"});
  set.change(request);
  CHECK_FALSE(set.look("a").is_over);
  CHECK(set.workers.at("a").work->conclude(""));
  CHECK(set.look("b").is_over);
}

TEST_CASE("shared_work: who leaves waits for those that still write") {
  auto set = work_stage{};
  auto is_closed = [&](const std::string& at) {
    return set.workers.at(at).work->answer().at("closed") == true;
  };
  CHECK(is_closed("b")); // it does not look, and stays
  set.look("b");
  CHECK_FALSE(is_closed("b"));
  set.workers.at("a").work->leave_together(std::chrono::steady_clock::now());
  CHECK(is_closed("a"));
}
