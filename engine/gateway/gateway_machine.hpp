#pragma once

#include "engine/gateway/gateway_actions.hpp"
#include "engine/gateway/gateway_options.hpp"
#include "engine/gateway/shown_positions.hpp"
#include "engine/gateway/unwritten_loans.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace troupe::gateway {

/// Stands for a queue on one member, while its shards come and go on this one
/// and others: keeps what clients publish until it is confirmed, their
/// consumers until they leave, and what they ask until it is answered. Holds
/// no more than clients' own windows let them send.
///
/// A client that a shard went down behind sees redeliveries and no more. What
/// it was lent before is not its to settle: that is left out.
class gateway_machine {
public:
  explicit gateway_machine(gateway_options options);

  const gateway_options& options() const { return options_; }

  // -- events of clients; numbers of consumers and tickets are their own

  /// The partitions are the queue's.
  void on_enqueue(client_number from, std::vector<publish> what);

  /// Answered by `answered`, unless `number` is 0: the client's only one.
  void on_subscribe(
    client_number from,
    std::uint64_t number,
    subscription what,
    bool is_paused);

  void on_settle(
    client_number from, std::uint64_t number, std::vector<settlement> what);

  /// What is still to be answered to the consumer is answered.
  void on_leave(
    client_number from, std::uint64_t number, std::optional<failure> crash);

  void on_cancel(client_number from, std::uint64_t number, bool answers);
  void on_grant(client_number from, std::uint64_t number, std::uint32_t credit);
  void on_pause(client_number from, std::uint64_t number, bool is_paused);
  void
  on_written(client_number from, std::uint64_t number, std::uint64_t bytes);
  void on_get(client_number from, std::uint64_t number, bool no_ack);

  void on_purge(request_number request);

  /// Each shard looks for itself whether the conditions hold: where one says
  /// no, others may be gone already.
  void on_erase(request_number request, bool if_unused, bool if_empty);
  void on_describe(request_number request, bool is_use);

  /// A client has ended: its consumers leave, and where it was one itself (0)
  /// it crashed. What it published is delivered.
  void on_client_gone(client_number client, time_point now);

  // -- events of shards, by their places in `gateway_options::shards`

  /// A session has begun; what was before is void.
  void on_up(std::size_t shard, std::uint64_t session);
  void on_down(std::size_t shard);

  /// What is not of the session that is up is ignored.
  void on_reply(std::size_t shard, std::uint64_t session, shard_reply what);

  /// The queue is gone for good: answers all that is open.
  void on_queue_gone();

  // -- answers

  std::vector<gateway_action> take_actions();

  /// Returns how many publishes are kept until they are confirmed.
  std::size_t unconfirmed() const;
  std::size_t consumers() const { return consumers_.size(); }

private:
  struct open_publish {
    std::optional<client_number> from; // none: it has ended
    std::uint64_t ticket = 0;          // theirs
    publish what;                      // under our ticket
    bool is_numbered_here = false;
    bool is_sent = false;
    bool is_in_doubt = false; // sent in a session that has ended
  };

  struct shard_state {
    bool is_up = false;
    std::uint64_t session = 0;
    std::uint64_t rounds = 0;                   // how often it came up
    std::map<std::uint64_t, open_publish> open; // by our ticket: in order
  };

  struct partition_state {
    std::size_t shard = 0;
    std::uint64_t last_sequence = 0; // of ours
    shown_positions shown;
  };

  /// What a shard knows of a consumer in this session.
  struct seat {
    enum class place { none, asked, taken } is{};
    bool is_cancelling = false; // its answer is to come
  };

  struct held_run {
    std::size_t shard = 0;
    loaned_run run;
  };

  struct consumer {
    consumer_number id = 0;
    client_number client = 0;
    std::uint64_t number = 0; // theirs
    subscription asked;
    bool is_paused = false;
    bool is_answered = false;
    bool is_cancelled = false;
    std::uint32_t cancels_due = 0; // answers
    std::vector<seat> seats;       // by shard
    std::vector<held_run> held;    // lent before it was answered
    unwritten_loans unwritten;
    // of a getter
    std::deque<bool> gets; // no_ack of each; the first is being asked for
    std::size_t asks_at = 0;
    std::size_t found_empty = 0; // shards, for the first
    bool is_asking = false;
  };

  struct open_request {
    shard_request what;
    std::vector<bool> answered; // by shard
    std::uint64_t messages = 0;
    queue_figures figures;
  };

  // all parts (gateway_machine.cpp)
  void send(std::size_t shard, shard_request what);
  void tell(client_number client, decltype(to_client::what) what);
  std::size_t partition_in(std::size_t shard, position at) const;

  // publishing (gateway_publishing.cpp)
  void number(publish& what);
  void send_open(std::size_t shard);
  void end_sent(shard_state& in);
  void take(std::size_t shard, confirmed& what);

  // consuming (gateway_consuming.cpp)
  consumer& add(client_number from, std::uint64_t number, subscription what);
  consumer* find(client_number from, std::uint64_t number);
  consumer* find(consumer_number id);
  subscription share(const consumer& of) const;
  std::uint32_t share(std::uint32_t credit) const;
  void seat_at(std::size_t shard, consumer& who);
  void unseat(std::size_t shard, consumer& who);
  void send_to_seats(const consumer& who, const shard_request& what);
  void take(std::size_t shard, answered& what);
  void seated(std::size_t shard, consumer& who, amqp::answer& what);
  void answer_subscribe(consumer& who, amqp::answer what);
  void answer_cancel(consumer& who);
  void end(consumer& who, const amqp::answer& otherwise);
  void take(std::size_t shard, consumer_gone& what);
  void gone(consumer& who);
  void forget(consumer& who);
  amqp::refused gone_text() const;

  // lending and settling (gateway_settling.cpp)
  void take(std::size_t shard, deliver& what);
  void show(consumer& to, std::size_t shard, std::vector<loaned_run> runs);
  bool show(std::size_t shard, loaned_run& run);
  std::optional<settlement> lent_part(settlement what);
  void leave(consumer& who, const std::optional<failure>& crash);
  failure lent_crash(failure what) const;

  // getting and asking (gateway_asking.cpp)
  void ask_next(consumer& who);
  void take_got(std::size_t shard, consumer& who, amqp::answer& what);
  void answer_get(consumer& who, amqp::answer what);
  void ask(request_number number, shard_request what);
  void ask_open(std::size_t shard);
  void take(std::size_t shard, purged& what);
  void take(std::size_t shard, erased& what);
  void take(std::size_t shard, described& what);
  open_request* note_answer(std::size_t shard, request_number number);
  void answer_if_all(request_number number);
  void answer(request_number number, const open_request& what);

  gateway_options options_;
  std::vector<shard_state> shards_;
  std::vector<partition_state> partitions_;
  std::map<consumer_number, consumer> consumers_;
  std::map<std::pair<client_number, std::uint64_t>, consumer_number> numbers_;
  std::map<request_number, open_request> requests_;
  std::uint64_t last_ticket_ = 0;
  consumer_number last_consumer_ = 0;
  std::vector<gateway_action> out_;
};

} // namespace troupe::gateway
