#pragma once

#include "engine/access/user.hpp"
#include "engine/amqp/broker.hpp"
#include "engine/amqp/client_traits.hpp"
#include "engine/amqp/method_encoder.hpp"
#include "engine/amqp/names.hpp"
#include "engine/amqp/outbox.hpp"
#include "engine/amqp/settling_book.hpp"
#include "engine/routing/route_result.hpp"
#include "engine/routing/routing_snapshot.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::amqp {

/// A consumer, or a channel's gets from one queue.
struct consumer {
  consumer_number number = 0;
  std::uint16_t channel = 0;
  queue_ref queue;
  std::string tag; // of a consumer
  bool is_getter = false;
  bool no_ack = false;
  bool is_cancelled = false;      // by the client: goes once all is settled
  bool is_gone = false;           // with its queue: nobody to settle with
  bool settles_many = false;      // so nobody can say which message it is at
  bool counts_deliveries = false; // its client is to see x-delivery-count
  std::uint32_t prefetch = 0;     // its own; 0: any number
  duration timeout{0};            // of its deliveries
  std::uint64_t unacked = 0;      // also those a transaction holds
  std::uint64_t unreported = 0;   // bytes written, and the queue not told
};

/// What all channels of a connection share.
struct connection_core {
  explicit connection_core(connection_options how)
    : options{std::move(how)}, names{options.random_seed} {
    route.random = options.random_seed;
  }

  connection_options options;
  std::string vhost;
  std::shared_ptr<const user> who;
  client_traits client;
  std::uint32_t frame_max = 0;
  time_point now; // of the last event that told

  std::shared_ptr<const routing_snapshot> routes;
  std::uint64_t routes_version = 0; // counts changes of `routes`
  route_result route;               // used again and again

  std::unordered_map<consumer_number, consumer> consumers;
  consumer_number last_consumer = 0;
  name_maker names;

  outbox published;
  settling_book settled;
  bool has_published = false;

  // -- the actions of this round
  std::string output;
  std::vector<notice> notices;
  std::vector<request> requests;
  std::vector<std::uint16_t> with_news; // channels that have confirms to send

  // -- deliveries that are not settled

  /// Before this no delivery of any channel has been unsettled for too long.
  std::optional<time_point> deliveries_due;

  /// Returns now as deliveries count it: whole seconds, rounded up, so that
  /// what comes one by one makes few runs and no client is cut off early.
  time_point delivery_time() const {
    return std::chrono::ceil<std::chrono::seconds>(now);
  }

  void look_at_deliveries(time_point at) {
    deliveries_due = std::min(deliveries_due.value_or(at), at);
  }

  // -- what was written

  /// Deliveries to a consumer that end at that byte of all output.
  struct unwritten {
    std::uint64_t end = 0;
    consumer_number consumer = 0;
    std::uint64_t bytes = 0;
  };
  std::deque<unwritten> unwritten_deliveries;
  std::vector<consumer_number> unreported; // written, and not all was told
  std::uint64_t output_taken = 0;          // bytes in earlier rounds

  std::uint64_t output_end() const { return output_taken + output.size(); }

  template <class M>
  void send(std::uint16_t channel, const M& m) {
    encode(output, channel, m);
  }

  consumer* find_consumer(consumer_number number) {
    auto found = consumers.find(number);
    return found == consumers.end() ? nullptr : &found->second;
  }

  /// Tells a consumer's queue that it is gone. What it settled goes first.
  void leave(const consumer& who_leaves, std::optional<failure> crash = {}) {
    settled.flush(notices);
    if (!who_leaves.is_gone)
      notices.emplace_back(
        left{who_leaves.number, who_leaves.queue, std::move(crash)});
  }
};

} // namespace troupe::amqp
