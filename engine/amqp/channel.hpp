#pragma once

#include "engine/amqp/confirm_ledger.hpp"
#include "engine/amqp/connection_core.hpp"
#include "engine/amqp/error.hpp"
#include "engine/amqp/frame.hpp"
#include "engine/amqp/methods.hpp"
#include "engine/amqp/property_edit.hpp"
#include "engine/amqp/rights.hpp"
#include "engine/amqp/unacked_list.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::amqp {

/// An open channel of a connection. What it refuses closes it, or the
/// connection: whoever owns it sees to that.
class channel {
public:
  /// `opened` is a number no other channel of the connection ever had.
  channel(connection_core& of, std::uint16_t number, std::uint64_t opened)
    : core_{of}, number_{number}, opened_{opened} {}

  std::uint64_t opened() const { return opened_; }

  /// The method that is at work or whose content comes in.
  std::uint32_t current_method() const { return method_; }

  checked<> on_frame(const frame& what);
  checked<> on_answer(answer&& what);
  void on_deliveries(consumer& to, const std::vector<loaned_run>& runs);

  /// A queue answered for messages of this channel. Fails where a transaction
  /// went wrong by that.
  checked<> on_outcome(const outbox::outcome& what);

  /// A consumer's queue is gone. Tells the client where it wants to know.
  void on_queue_gone(consumer& who);

  /// Fails where a delivery has not been settled for too long; else says in
  /// `core.deliveries_due` when to look again.
  checked<> check_deliveries();

  /// Cancels consumers that the user may no longer have.
  void recheck_rights();

  /// True while nothing more may be read: an answer or a commit is awaited.
  bool is_waiting() const { return pending_ || transaction_.is_committing; }

  /// True between a publish method and the end of its body.
  bool is_in_content() const { return stage_ != stage::idle; }

  /// Writes the confirms that are due.
  void put_confirms();

  /// Gives everything back. `vanished`: the client did so without a word.
  void leave(bool vanished);

  // -- for lists of channels

  std::size_t consumers() const { return tags_.size(); }
  std::uint64_t unacked() const { return unacked_.size(); }
  std::uint64_t unconfirmed() const { return confirms_.open_count(); }
  bool is_confirming() const { return is_confirming_; }
  bool is_transactional() const { return transaction_.is_on; }

private:
  enum class stage : std::uint8_t { idle, header, body };

  /// A request whose answer is awaited.
  struct pending_request {
    std::uint32_t by = 0; // the method that made it
    bool nowait = false;
    consumer_number consumer = 0; // consume and get
    /// Consuming from amq.rabbitmq.reply-to: the queue has to be made first.
    bool makes_reply_queue = false;
    bool no_ack = false;  // get
    bool cancels = false; // `consumer`, on behalf of its client
    std::string tag = {}; // consume
  };

  /// Where messages of one publish method go, kept for the next that is alike.
  struct publish_route {
    std::string payload; // of the method frame
    std::string exchange;
    std::string routing_key;
    bool mandatory = false;
    std::uint64_t version = 0; // of the routes; 0: not looked up
    const troupe::exchange* through = nullptr;
    bool is_by_key = false; // then `queues` are right for all messages
    std::vector<const routed_queue*> queues;
  };

  struct held_message {
    std::string exchange;
    std::string routing_key;
    std::string properties;
    std::string body;
    bool mandatory = false;
  };

  struct transaction {
    bool is_on = false;
    bool is_committing = false;
    std::uint64_t bytes = 0; // of messages
    std::vector<held_message> messages;
    std::vector<std::pair<verdict, std::vector<unacked_run>>> settled;
  };

  // -- methods (channel.cpp)
  template <class M>
  checked<> on(const M&) {
    return protocol_error{
      reply_code::command_invalid,
      "clients do not send " + std::string{M::name}};
  }
  checked<> on(const channel_open&);
  checked<> on(const channel_flow& m);
  checked<> on(const access_request&);
  checked<> on(const basic_qos& m);
  checked<> on(const confirm_select& m);
  checked<> on(const basic_cancel_ok&) { return {}; }

  // -- exchanges and queues (channel_declare.cpp)
  checked<> on(const exchange_declare& m);
  checked<> on(const exchange_delete& m);
  checked<> on(const exchange_bind& m);
  checked<> on(const exchange_unbind& m);
  checked<> on(const queue_declare& m);
  checked<> on(const queue_bind& m);
  checked<> on(const queue_unbind& m);
  checked<> on(const queue_purge& m);
  checked<> on(const queue_delete& m);
  checked<> change_binding_of(
    amqp::change_binding&& what, std::string_view encoded, bool nowait);
  checked<> check_new_queue(const amqp::declare_queue& what) const;
  checked<> check_new_exchange(const amqp::declare_exchange& what) const;
  void on_done(const done& what);

  // -- consuming (channel_consume.cpp)
  checked<> on(const basic_consume& m);
  checked<> on(const basic_cancel& m);
  checked<> on(const basic_get& m);
  checked<> consume_replies(const basic_consume& m);
  checked<> on_reply_queue(const done& what);
  checked<queue_ref> readable_queue(std::string_view name);
  consumer&
  add_consumer(const queue_ref& queue, std::optional<duration> timeout = {});
  bool untag(const consumer& who);
  void cancel(consumer& who);
  void forget(consumer& who);
  void remove_if_over(consumer& who);
  void end_cancel(const pending_request& of);
  std::uint32_t credit_of(const consumer& who) const;
  void change_credit(bool of_all);

  // -- delivering (channel_deliver.cpp)
  void on_got(got& what);
  void deliver(consumer& to, const loaned_run& run);
  void note_unacked(consumer& of, unacked_run what);
  void give_back(const consumer& whose, const loaned_run& run);
  loaned_run take_room(const loaned_run& run, consumer& to);
  void mind_limit();

  // -- settling (channel_settle.cpp)
  checked<> on(const basic_ack& m);
  checked<> on(const basic_nack& m);
  checked<> on(const basic_reject& m);
  checked<> on(const basic_recover& m);
  checked<> on(const basic_recover_async& m);
  checked<> settle(std::uint64_t tag, bool multiple, verdict what);
  void settle(const std::vector<unacked_run>& all, verdict what);
  checked<> settle_by_message(const message& what);

  // -- transactions (channel_transaction.cpp)
  checked<> on(const tx_select&);
  checked<> on(const tx_commit&);
  checked<> on(const tx_rollback&);
  checked<> hold(const message& what);
  checked<> end_commit();

  // -- publishing (channel_publish.cpp)
  checked<> begin_publish(std::string_view payload);
  checked<> on_header(std::string_view payload);
  checked<> on_body(std::string_view piece);
  checked<> publish(std::string_view body);
  checked<> look_up_exchange();
  checked<> check_properties(const property_glance& has);
  checked<>
  route(const message& what, bool mandatory, const property_glance& has);
  checked<const std::vector<const routed_queue*>*>
  queues_for(const message& what, bool has_headers);
  void put(
    const message& what,
    const std::vector<const routed_queue*>& queues,
    std::uint64_t sequence,
    bool expires);
  void put_delayed(const message& what, std::uint64_t sequence);
  void put_kept(const message& what, std::uint64_t sequence);
  void note_news();

  void ask(request&& what, pending_request&& of);
  checked<std::string> queue_name(std::string_view name) const;
  checked<> check(access_right wanted, protected_thing to) const;

  connection_core& core_;
  std::uint16_t number_;
  std::uint64_t opened_;
  std::uint32_t method_ = 0;
  std::optional<pending_request> pending_;
  std::string last_queue_; // declared: what an empty name means

  stage stage_ = stage::idle;
  publish_route route_;
  std::string properties_; // of the message that comes in
  std::string body_;       // what has come of it
  std::uint64_t body_left_ = 0;

  bool is_confirming_ = false;
  bool has_news_ = false; // is among those with confirms to send
  confirm_ledger confirms_;
  transaction transaction_;

  std::map<std::string, consumer_number, std::less<>> tags_;
  std::map<queue_id, consumer_number> getters_;
  std::set<consumer_number> consumers_; // all, also getters and cancelled ones
  std::string reply_tag_;      // of who consumes from amq.rabbitmq.reply-to
  std::string reply_queue_;    // and the queue that was made for it
  std::uint32_t prefetch_ = 0; // of consumers to come
  std::uint32_t limit_ = 0;    // of all of the channel; 0: none
  std::uint64_t last_tag_ = 0;
  std::uint64_t outstanding_ = 0; // unacked, without what was got
  unacked_list unacked_;
  /// No consumer of the channel ever had a shorter time for its deliveries.
  duration shortest_timeout_ = duration::max();
  std::vector<unacked_run> taken_; // memory for `settle`, used again
  bool is_full_ = false;           // `limit_` is reached: consumers are paused
};

} // namespace troupe::amqp
