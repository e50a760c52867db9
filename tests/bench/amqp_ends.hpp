#pragma once

#include "tests/bench/amqp_peer.hpp"
#include "tests/bench/measure.hpp"

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace troupe::bench::amqp {

/// What traffic is like.
struct profile {
  std::string name;
  std::size_t size = 100;        // bytes of a body; at least 16
  int queues = 1;                // each with a publisher and a consumer
  std::string prefix = {};       // of the queues' names; empty: one of its own
  bool is_durable = false;       // queues, messages, and confirms, and acks
  bool is_quorum = false;        // queues of RabbitMQ's replicated type
  std::uint64_t window = 1000;   // of a publisher: unconfirmed at most
  std::uint16_t prefetch = 1000; // where acked
  std::uint64_t ack_every = 100;
  double rate = 0;         // messages a second in all; 0: as many as go
  std::uint64_t count = 0; // messages of a backlog; 0: by time
};

/// Publishes to one queue.
class publisher {
public:
  publisher(std::uint16_t port, std::string queue, const profile& x);

  peer& wire() { return wire_; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t confirmed() const { return confirmed_to_ + ahead_.size(); }
  /// Publishes at most so many in all; as many as it can by default.
  void stop_after(std::uint64_t count) { most_ = count; }
  bool is_done() const;
  /// Whether its socket took all so far.
  bool is_writable() const { return wire_.unsent() == 0; }
  /// Appends what may be sent now.
  void fill(clock::time_point now);
  /// Returns when the next is due; far in the future where nothing is timed.
  clock::time_point due() const;
  /// Takes what the broker said; adds the milliseconds from publish to confirm
  /// of sampled messages.
  void look(std::vector<double>& latencies);

private:
  bool may_send(clock::time_point now) const;
  void append(clock::time_point stamp);
  void on_ack(std::uint64_t tag, bool is_multiple);
  void take_samples(
    std::uint64_t tag, bool is_multiple, std::vector<double>& latencies);

  struct sample {
    std::uint64_t tag = 0;
    clock::time_point sent;
  };

  peer wire_;
  std::string template_; // the frames of a message
  std::size_t stamp_at_; // where the time stands in them
  std::uint64_t sent_ = 0;
  std::uint64_t confirmed_to_ = 0; // all up to this tag
  std::set<std::uint64_t> ahead_;  // tags beyond it that are confirmed
  std::deque<sample> samples_;     // of those that are not
  std::uint64_t window_;
  std::uint64_t most_ = UINT64_MAX;
  clock::duration interval_{};
  clock::time_point due_{};
};

/// Consumes from one queue.
class consumer {
public:
  consumer(std::uint16_t port, const std::string& queue, const profile& x);

  peer& wire() { return wire_; }
  std::uint64_t seen() const { return seen_; }
  /// Takes what the broker sent; adds the milliseconds of sampled messages.
  void look(std::vector<double>& latencies);

private:
  void on_body(std::string_view part, std::vector<double>& latencies);
  void on_message();
  void settle(std::uint64_t tag);

  peer wire_;
  std::uint64_t ack_every_; // 0: the broker wants none
  std::uint64_t sample_every_;
  std::uint64_t seen_ = 0;
  std::uint64_t tag_ = 0;
  std::uint64_t left_ = 0; // bytes of the body under way
  bool is_first_ = false;  // of its parts
};

void declare_queue(peer& x, const std::string& name, const profile& how);
void delete_queue(peer& x, const std::string& name);

} // namespace troupe::bench::amqp
