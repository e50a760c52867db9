#pragma once

#include "engine/amqp/broker.hpp"
#include "engine/message/batch.hpp"
#include "engine/routing/routed_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace troupe::amqp {

/// The numbers of consecutive messages that a channel wants confirmed. `opened`
/// tells channels apart that had the same number one after another.
struct origin_run {
  std::uint16_t channel = 0;
  std::uint64_t opened = 0;
  std::uint64_t first = 0; // 0: nobody wants to know
  std::uint64_t count = 0;
};

/// Where a message is to be put.
struct outbox_place {
  const routed_queue* to = nullptr;
  std::uint16_t partition = 0;
  bool is_delayed = false;
  bool operator==(const outbox_place&) const = default;
};

/// Gathers what a connection publishes into a batch for each queue and
/// partition, and remembers who waits for what confirm.
class outbox {
public:
  void add(
    const outbox_place& place,
    const message& what,
    const origin_run& from, // of this message alone
    bool expires);

  /// Makes publications of all that was gathered.
  void flush(std::vector<notice>& to);

  /// One message of a batch, or several of the same outcome.
  struct outcome {
    origin_run of;
    bool is_refused = false;
  };

  /// Takes a queue's answer; appends whose messages it was for. A ticket that
  /// is not open means nothing.
  void close(
    std::uint64_t ticket,
    const std::vector<std::uint32_t>& refused,
    std::vector<outcome>& to);

  /// Refuses all that a queue has not answered.
  void close_all(queue_id to_queue, std::vector<outcome>& to);

  /// Bytes given to queues and not answered, or still here.
  std::uint64_t open_bytes() const { return open_bytes_; }

private:
  struct gathering {
    outbox_place place;
    queue_ref to;
    bool has_expirations = false;
    std::uint64_t bytes = 0;
    std::vector<origin_run> origins;
    batch_builder messages;
  };

  struct sent {
    queue_id to{};
    std::uint64_t bytes = 0;
    std::vector<origin_run> origins;
  };

  gathering& find(const outbox_place& place);
  void send(gathering& what);

  std::vector<gathering> gatherings_; // those in use come first
  std::size_t used_ = 0;
  std::size_t last_ = 0; // the one added to last
  std::vector<publication> ready_;
  std::unordered_map<std::uint64_t, sent> open_; // by ticket
  std::uint64_t last_ticket_ = 0;
  std::uint64_t open_bytes_ = 0;
};

} // namespace troupe::amqp
