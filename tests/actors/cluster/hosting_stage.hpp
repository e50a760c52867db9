#pragma once

#include "actors/cluster/hosting_actor.hpp"
#include "actors/directory_actor.hpp"
#include "engine/delivery/queue_groups.hpp"
#include "tests/actors/cluster/gateway_stage.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

/// What a hosting actor starts: queues in a log that the test has, and stages
/// and sources that do nothing until they are to end. The test is replicas and
/// reader at once.
class hosting_stage {
public:
  explicit hosting_stage(on_giving_up then = on_giving_up::escalate) {
    options.name = "orders";
    options.id = queue_id{1};
    policy.max_restarts = 0;
    policy.then = then;
    shards = box.spawn(run_directory);
    auto places = hosting_places{};
    places.queues.store = log.spawn(box);
    places.queues.is_full = std::make_shared<std::atomic<bool>>(false);
    reader->is_slow = true;
    places.queues.reader = empty_reader::spawn(box, reader);
    places.queues.directory = shards;
    auto self = caf::actor{box.self};
    places.queues.topology = caf::actor_cast<topology_actor>(self);
    places.lookup = caf::actor_cast<lookup_actor>(self);
    places.replicas = caf::actor_cast<replicas_actor>(self);
    hosting = box.spawn(run_hosting, std::move(places), branches());
  }

  ~hosting_stage() {
    for (const auto& [name, who] : running) box.keep(who);
  }

  group_id group() const { return group_of(options, 0); }

  void know() { box.tell(hosting, hosting::queue_known{options, {}, false}); }

  void lead(std::uint64_t epoch) {
    box.tell(hosting, hosting::lead{group(), epoch, gate});
  }

  /// Answers what is asked to be read; false if nothing is.
  bool recover() {
    auto asked = box.take<lookup::recover_shards>();
    if (!asked) return false;
    auto answer = hosting::recovered{asked->group, asked->epoch, {}};
    for (const auto& x : asked->queues)
      answer.machines.push_back(log.recover(x, asked->group));
    box.tell(hosting, std::move(answer));
    return true;
  }

  /// Answers queues that read for themselves.
  void recover_alone() {
    for (auto& [to, what] : std::exchange(reader->held, {})) {
      box.self->send(to, what);
      box.play();
    }
  }

  void start(std::uint64_t epoch = 1) {
    know();
    lead(epoch);
    REQUIRE(recover());
  }

  /// Returns the names of shards that are up.
  std::vector<std::string> up() {
    auto all = std::vector<std::string>{};
    auto list = box.ask<directory::listing>(shards, directory::list{});
    for (const auto& x : list->queues) all.push_back(x.name);
    return all;
  }

  queue_actor shard() {
    auto list = box.ask<directory::listing>(shards, directory::list{});
    if (list->queues.empty()) return {};
    return caf::actor_cast<queue_actor>(list->queues[0].where);
  }

  void crash_shard() {
    auto who = shard();
    REQUIRE(who);
    caf::anon_send_exit(who, caf::exit_reason::unhandled_exception);
    box.play();
  }

  /// Returns what handles and reads, by name.
  std::vector<std::string> handling() {
    auto all = std::vector<std::string>{};
    for (const auto& [name, who] : running) all.push_back(name);
    return all;
  }

  /// What was asked to stop does.
  void end_handlers() {
    for (const auto& [name, who] : std::exchange(ending, {}))
      end(who, caf::exit_reason::user_shutdown);
  }

  void crash_handler() {
    REQUIRE_FALSE(running.empty());
    end(running.begin()->second, caf::exit_reason::unhandled_exception);
  }

  sandbox box;
  shared_log log;
  queue_options options;
  restart_policy policy;
  std::shared_ptr<empty_reader> reader = std::make_shared<empty_reader>();
  std::shared_ptr<cluster::handling_gate> gate =
    std::make_shared<cluster::handling_gate>();
  directory_actor shards;
  hosting_actor hosting;
  std::multimap<std::string, caf::actor> running;
  std::multimap<std::string, caf::actor> ending; // were asked to stop
  std::vector<std::pair<group_id, std::uint64_t>> led;
  std::vector<std::string> stops; // of the node

private:
  void end(caf::actor who, caf::exit_reason why) {
    std::erase_if(running, [&](const auto& x) { return x.second == who; });
    caf::anon_send_exit(who, why);
    box.play();
  }

  supervisor_options branch(const std::string& name) {
    auto made = supervisor_options{};
    made.name = name;
    made.policy = policy;
    made.figures = std::make_shared<supervisor_figures>();
    made.stop_node = [this](const std::string& why) { stops.push_back(why); };
    auto child = child_spec{};
    child.name = "1";
    child.start = [this, name](caf::actor_system& in) {
      auto who = in.spawn(
        [](caf::event_based_actor*) -> caf::behavior { return {[](int) {}}; });
      running.emplace(name, who);
      return who;
    };
    child.stop = [this, name](const caf::actor& who) {
      ending.emplace(name, who);
    };
    made.children.push_back(std::move(child));
    return made;
  }

  hosted_branches branches() {
    auto made = hosted_branches{};
    made.stages = [this](const queue_options& queue, group_id, auto) {
      return std::vector{branch("stage of " + queue.name)};
    };
    made.sources = [this](group_id) { return std::vector{branch("source")}; };
    made.on_lead = [this](group_id of, std::uint64_t epoch) {
      led.emplace_back(of, epoch);
    };
    made.stop_node = [this](const std::string& why) { stops.push_back(why); };
    return made;
  }
};

} // namespace troupe::test
