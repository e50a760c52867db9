#pragma once

#include "engine/delivery/positions.hpp"
#include "engine/gateway/shard_codec.hpp"
#include "tests/support/builders.hpp"

#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Makes frames of random values, each such as may be sent.
class frame_maker {
public:
  explicit frame_maker(std::uint32_t seed) : random_{seed} {}

  /// A frame of the kind that `kind` counts to: every one comes in its turn.
  gateway::shard_frame request(std::size_t kind) {
    auto made = gateway::shard_frame{text(), group(), number(), {}};
    switch (kind % (std::variant_size_v<gateway::shard_request> + 2)) {
      case 0: made.what = gateway::open{}; break;
      case 1: made.what = gateway::close{}; break;
      case 2: made.what = request_of(gateway::enqueue{some<publish>()}); break;
      case 3:
        made.what =
          request_of(gateway::subscribe{number(), make<subscription>(), yes()});
        break;
      case 4:
        made.what = request_of(gateway::settle{number(), some<settlement>()});
        break;
      case 5:
        made.what = request_of(gateway::leave{number(), maybe<failure>()});
        break;
      case 6: made.what = request_of(gateway::cancel{number(), yes()}); break;
      case 7: made.what = request_of(gateway::grant{number(), small()}); break;
      case 8: made.what = request_of(gateway::pause{number(), yes()}); break;
      case 9:
        made.what = request_of(gateway::written{number(), number()});
        break;
      case 10: made.what = request_of(gateway::get{number(), yes()}); break;
      case 11: made.what = request_of(gateway::purge{number()}); break;
      case 12:
        made.what = request_of(gateway::erase{number(), yes(), yes()});
        break;
      default:
        made.what = request_of(gateway::describe{number(), yes()});
        break;
    }
    return made;
  }

  gateway::reply_frame reply(std::size_t kind) {
    auto made = gateway::reply_frame{text(), group(), number(), {}};
    switch (kind % (std::variant_size_v<gateway::shard_reply> + 5)) {
      case 0: made.what = gateway::opened{}; break;
      case 1: made.what = gateway::refused{text()}; break;
      case 2: made.what = gateway::closed{}; break;
      case 3: made.what = reply_of(make_confirmed()); break;
      case 4:
        made.what = reply_of(gateway::deliver{number(), some<loaned_run>()});
        break;
      case 5:
        made.what = reply_of(
          gateway::answered{number(), amqp::done{text(), number(), number()}});
        break;
      case 6: made.what = reply_of(gateway::consumer_gone{number()}); break;
      case 7: made.what = reply_of(gateway::purged{number(), number()}); break;
      case 8:
        made.what = reply_of(gateway::erased{
          number(), gateway::erased::verdict{std::uint8_t(random_() % 3)},
          number()});
        break;
      case 9:
        made.what = reply_of(gateway::described{number(), figures()});
        break;
      case 10:
        made.what = reply_of(gateway::answered{
          number(), amqp::refused{amqp::reply_code::access_refused, text()}});
        break;
      default: made.what = reply_of(gateway::answered{number(), got()}); break;
    }
    return made;
  }

private:
  static gateway::shard_request request_of(gateway::shard_request x) {
    return x;
  }
  static gateway::shard_reply reply_of(gateway::shard_reply x) { return x; }

  std::uint64_t number() {
    return random_() >> (random_() % 64); // of all lengths
  }
  std::uint32_t small() { return static_cast<std::uint32_t>(number()); }
  bool yes() { return random_() % 2 == 0; }
  std::uint16_t partition() { return random_() % 256; }
  group_id group() { return group_id{std::uint8_t(random_() % 64)}; }
  duration time() { return duration{static_cast<int>(random_() % 1'000'000)}; }

  std::string text() {
    auto made = std::string(random_() % 9, '\0');
    for (auto& x : made) x = static_cast<char>(random_());
    return made;
  }

  batch_ptr messages() {
    auto made = batch_builder{};
    for (auto left = 1 + random_() % 4; left > 0; --left) {
      auto all = std::vector<std::string>{text(), text(), text(), text()};
      made.add(message{all[0], all[1], all[2], all[3]});
    }
    return made.take();
  }

  /// A run somewhere in a partition, also at its very end.
  position_run run(std::uint16_t in) {
    return run(in, static_cast<std::uint32_t>(1 + random_() % 9));
  }

  position_run run(std::uint16_t in, std::uint32_t count) {
    auto most = partition_last(in) - partition_start(in) - count + 1;
    auto at = random_() % 4 == 0 ? most : random_() % most;
    return {partition_start(in) + at, count};
  }

  std::vector<position_run> runs(std::uint16_t in) {
    auto made = std::vector<position_run>{};
    for (auto left = random_() % 3; left > 0; --left) made.push_back(run(in));
    return made;
  }

  failure failure_at(position at) {
    auto why = failed_attempt{time_point{time()}, text(), text()};
    auto delay = yes() ? std::optional{time()} : std::nullopt;
    return {at, std::move(why), delay, yes()};
  }

  template <class T>
  struct of_type {};

  template <class T>
  T make() {
    return make(of_type<T>{});
  }

  template <class T>
  std::optional<T> maybe() {
    return yes() ? std::optional{make<T>()} : std::nullopt;
  }

  template <class T>
  std::vector<T> some() {
    auto made = std::vector<T>{};
    for (auto left = random_() % 4; left > 0; --left) made.push_back(make<T>());
    return made;
  }

  gateway::confirmed make_confirmed() {
    auto made = gateway::confirmed{};
    for (auto left = random_() % 4; left > 0; --left) {
      made.tickets.push_back(number());
      if (yes()) made.refused[made.tickets.back()] = {small(), small()};
    }
    return made;
  }

  amqp::got got() {
    auto made = amqp::got{maybe<loaned_run>(), number()};
    if (made.run) made.run->count = 1;
    return made;
  }

  queue_figures figures() {
    auto made = queue_figures{};
    auto* first = reinterpret_cast<std::uint64_t*>(&made);
    for (std::size_t i = 0; i < sizeof made / sizeof *first; ++i)
      first[i] = number();
    return made;
  }

  failure make(of_type<failure>) { return failure_at(number()); }

  publish make(of_type<publish>) {
    auto made = publish{number(), partition(), text(), {}, messages()};
    if (yes())
      for (std::size_t i = 0; i < made.messages->size(); ++i)
        made.sequences.push_back(i + 7);
    made.has_expirations = yes();
    made.is_delayed = yes();
    return made;
  }

  subscription make(of_type<subscription>) {
    auto made = subscription{};
    made.credit = small();
    made.retry = {small(), {time(), 1.5, time(), 0.25}};
    made.dead_output = text();
    made.priority = static_cast<std::int32_t>(random_());
    made.no_ack = yes();
    made.is_exclusive = yes();
    made.window_bytes = number();
    made.is_getter = yes();
    return made;
  }

  emitted make(of_type<emitted>) { return {text(), messages()}; }

  state_change make(of_type<state_change>) {
    return {
      text(), text(), text(), yes() ? std::optional{text()} : std::nullopt};
  }

  settlement make(of_type<settlement>) {
    auto in = partition();
    auto made = settlement{};
    made.partition = in;
    made.acked = runs(in);
    if (yes()) made.failed.push_back(failure_at(run(in).first));
    made.returned = runs(in);
    made.unseen = runs(in);
    made.requeued = runs(in);
    made.rejected = runs(in);
    made.emits = some<emitted>();
    made.changes = some<state_change>();
    return made;
  }

  /// Lends a part of a batch, or all of it.
  loaned_run make(of_type<loaned_run>) {
    auto all = messages();
    auto first = static_cast<std::uint32_t>(random_() % all->size());
    auto most = static_cast<std::uint32_t>(all->size()) - first;
    auto count = static_cast<std::uint32_t>(1 + random_() % most);
    return {
      all,     first, count,  run(partition(), count).first, time_point{time()},
      small(), yes(), small()};
  }

  std::mt19937_64 random_;
};

} // namespace troupe::test
