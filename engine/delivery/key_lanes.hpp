#pragma once

#include "engine/delivery/loan_book.hpp"

#include <boost/container/deque.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace troupe {

/// Keeps each key's messages in publish order while different keys go in
/// parallel: a key with messages on loan is lent to nobody but its holder, and
/// a key whose message waits for a retry is lent to nobody at all.
///
/// A lane exists only for a key with messages on loan, parked, or waiting
/// behind those. Keys are known by their hash; two keys with the same hash
/// share a lane, which costs them time and nothing else.
class key_lanes {
public:
  using key_hash = std::uint64_t;

  enum class verdict {
    free,   // nobody has the key: lend it to whom you like, then `lend`
    holder, // it may go to the consumer that has the key
    queued  // the message now waits in the key's lane
  };

  struct answer {
    verdict what;
    consumer_id holder{};
  };

  /// Asks about the next fresh message of `key`. `parked` says that the
  /// message itself waits for a retry.
  answer offer(key_hash key, position at, bool parked);

  /// The message of a `holder` verdict cannot go to the holder now.
  void queue(key_hash key, position at);

  void lend(key_hash key, position at, consumer_id to);

  /// The message is gone from its lane: settled for good. Call it once the
  /// settlement is where the next holder will find its effects.
  void on_settled(position at);

  /// The message comes back to its place, to be lent again.
  void on_returned(position at);

  /// The message comes back and waits; so does its key.
  void on_parked(position at);

  /// The wait of a parked message is over.
  void on_due(position at);

  /// Takes the lane that waits longest for a consumer out of the line.
  /// `front` and `pop` give its messages; each one taken must be lent.
  std::optional<key_hash> ready();

  /// Returns the oldest message waiting in a lane.
  std::optional<position> front(key_hash key) const;
  void pop(key_hash key);

  /// Puts a lane from `ready` back at the end of the line: its next message
  /// cannot be lent now.
  void put_back(key_hash key);

  /// Takes messages that wait for a consumer, not for a retry, out of their
  /// lanes where they are meant; returns them in order.
  std::vector<position>
  take_waiting(const std::function<bool(position)>& is_meant);

  /// Returns the oldest message that waits for a consumer; walks all lanes.
  std::optional<position> oldest_waiting() const;

  std::size_t keys() const { return lanes_.size(); }
  std::size_t parked() const { return parked_.size(); }
  std::size_t queued() const { return queued_; }

private:
  struct lane {
    consumer_id holder{};
    std::uint32_t loans = 0;
    std::uint32_t parked = 0; // at most one in practice
    bool in_line = false;     // in ready_
    // Takes no memory while it is empty, as most are, and moves without any.
    boost::container::deque<position> waiting;
  };

  std::optional<key_hash> end_loan(position at);
  void put(lane& into, position at);
  void settle_down(key_hash key, lane& x);

  boost::unordered_flat_map<key_hash, lane> lanes_;
  boost::unordered_flat_map<position, key_hash> key_of_; // on loan
  boost::unordered_flat_map<position, key_hash> parked_;
  std::deque<key_hash> ready_;
  std::size_t queued_ = 0;
};

} // namespace troupe
