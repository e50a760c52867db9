#include "tests/bench/publisher_actor.hpp"

#include "tests/bench/traffic.hpp"

#include <caf/send.hpp>

#include <memory>
#include <numeric>

namespace troupe::bench {

namespace {

constexpr std::uint64_t window = 64; // unconfirmed batches

struct progress {
  traffic source;
  std::uint64_t left;       // messages to publish
  std::uint64_t ticket = 0; // of the last batch
  std::uint64_t number = 0; // of the last message
};

void publish_next(
  caf::event_based_actor* self, const router_actor& router, progress& x) {
  auto count =
    std::min<std::uint64_t>(x.left, std::uint64_t{batch::most_messages});
  auto sequences = std::vector<std::uint64_t>(count);
  std::iota(sequences.begin(), sequences.end(), x.number + 1);
  x.number += count;
  x.left -= count;
  self->send(
    router, router::publish_output{
              ++x.ticket, "in", "source:bench", std::move(sequences),
              x.source.next(count)});
}

} // namespace

caf::behavior run_publisher(
  caf::event_based_actor* self,
  const router_actor& router,
  std::uint64_t messages) {
  auto x = std::make_shared<progress>(progress{traffic{}, messages});
  while (x->left > 0 && x->ticket < window) publish_next(self, router, *x);
  return {[=, confirmed = std::uint64_t{0}](const queue::published&) mutable {
    ++confirmed;
    if (x->left > 0)
      publish_next(self, router, *x);
    else if (confirmed == x->ticket)
      self->quit();
  }};
}

} // namespace troupe::bench
