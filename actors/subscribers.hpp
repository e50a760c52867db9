#pragma once

#include "actors/interfaces.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_control_block.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace troupe {

/// A message of settlements that a consumer wants an answer to.
struct settle_round {
  std::uint64_t number = 0; // the consumer's own
  std::size_t open = 0;     // settlements not committed yet
};

/// One consumer of a queue, as its actor knows it.
struct subscriber {
  caf::strong_actor_ptr who;
  std::uint64_t number = 0; // of the consumer, within `who`; 0: the only one
  std::deque<settle_round> rounds; // oldest first
  std::uint64_t first_round = 1;   // ours, of the oldest

  /// True for consumers of a connection: a client's, out of sight.
  bool is_remote() const { return number != 0; }
};

/// Who consumes from a queue: an actor may hold several consumers, which it
/// numbers.
class subscribers {
public:
  consumer_id add(const caf::strong_actor_ptr& who, std::uint64_t number);

  /// Returns the id, 0 where there is none.
  consumer_id
  id_of(const caf::strong_actor_ptr& who, std::uint64_t number) const;

  subscriber* find(consumer_id id);
  void remove(consumer_id id);

  /// Returns the consumers of one actor.
  std::vector<consumer_id> of(const caf::actor_addr& who) const;

  const std::map<consumer_id, subscriber>& all() const { return all_; }

private:
  using place = std::pair<caf::actor_addr, std::uint64_t>;

  std::map<consumer_id, subscriber> all_;
  std::map<place, consumer_id> ids_;
  std::uint64_t last_ = 0;
};

} // namespace troupe
