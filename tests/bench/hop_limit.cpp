#include "tests/bench/limits.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/node_scheduler.hpp"
#include "tests/bench/traffic.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

namespace troupe::bench {

namespace {

struct hop {
  batch_ptr messages;
};
struct hop_back {};

} // namespace

} // namespace troupe::bench

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::bench::hop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::bench::hop_back)

namespace troupe::bench {

namespace {

// As many batches on their way as a source has.
constexpr std::uint64_t window = 64;

caf::behavior take_hops(caf::event_based_actor* self) {
  return {[self](const hop& x) {
    auto bytes = std::size_t{0};
    for (std::size_t i = 0; i < x.messages->size(); ++i)
      bytes += (*x.messages)[i].body().size();
    asm volatile("" : : "r"(bytes));
    return hop_back{};
  }};
}

caf::behavior send_hops(
  caf::event_based_actor* self,
  const caf::actor& to,
  batch_ptr what,
  std::uint64_t count,
  const caf::actor& watcher) {
  for (std::uint64_t i = 0; i < window; ++i) self->send(to, hop{what});
  return {[=, back = std::uint64_t{0}](hop_back) mutable {
    ++back;
    if (back + window <= count) self->send(to, hop{what});
    if (back < count) return;
    self->send(watcher, hop_back{});
    self->send_exit(to, caf::exit_reason::user_shutdown);
    self->quit();
  }};
}

} // namespace

double hopped_messages(std::size_t per_batch) {
  // There and back is two hops; the way back carries no messages, and counts
  // as one all the same.
  constexpr std::uint64_t round_trips = 150'000;
  auto scheduler = node_scheduler{};
  auto system = caf::actor_system{scheduler};
  auto self = caf::scoped_actor{system};
  auto what = traffic{}.next(per_batch);
  auto time = seconds([&] {
    auto taker = system.spawn(take_hops);
    system.spawn(
      send_hops, taker, what, round_trips,
      caf::actor_cast<caf::actor>(self.address()));
    self->receive([](hop_back) {});
  });
  return 2.0 * static_cast<double>(round_trips * per_batch) / time;
}

} // namespace troupe::bench
