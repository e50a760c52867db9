#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace troupe::amqp {

/// Which messages that a channel published are not confirmed yet. Numbers
/// count from 1.
class confirm_ledger {
public:
  /// Opens the next number: so many queues have to answer for the message.
  /// With none it is confirmed at once. Returns the number.
  std::uint64_t open(std::size_t queues);

  /// Takes one queue's answer for `count` messages from `first` on.
  void close(std::uint64_t first, std::uint64_t count, bool is_refused);

  /// Appends what the client has to be told: acks, with `multiple` for all up
  /// to the first that is open, and nacks.
  void put(std::string& out, std::uint16_t channel);

  bool has_news() const { return !done_.empty(); }

  /// Says how all that was opened since the last `restart` ended: for commits.
  bool is_all_closed() const { return open_count_ == 0; }
  bool has_refused() const { return has_refused_; }
  void restart();

  std::uint64_t open_count() const { return open_count_; }

private:
  void put_front(std::string& out, std::uint16_t channel);
  void put_others(std::string& out, std::uint16_t channel);

  std::uint64_t first_ = 1;          // number of the front
  std::deque<std::uint32_t> states_; // queues to answer, and flags
  std::vector<std::uint64_t> done_;  // closed and not told
  std::uint64_t open_count_ = 0;
  bool has_refused_ = false;
};

} // namespace troupe::amqp
