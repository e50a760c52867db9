#pragma once

#include "engine/amqp/channel.hpp"
#include "engine/amqp/connection_core.hpp"
#include "engine/amqp/frame_reader.hpp"
#include "engine/amqp/heartbeat.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::amqp {

/// The rules of one AMQP 0-9-1 connection: bytes and what the node says go in,
/// bytes and wishes come out (broker.hpp). Has no socket, no clock, no thread.
class connection_machine {
public:
  connection_machine(connection_options options, time_point now);

  // -- events

  /// The routes as they are. Called before `on_bytes` and `on_answer` whenever
  /// they have changed, so that a client finds what it was told exists.
  void set_routes(std::shared_ptr<const routing_snapshot> routes);

  void on_bytes(std::string_view chunk, time_point now);

  /// Answers the oldest request.
  void on_answer(answer what, time_point now);

  /// A queue answered for a publication. `refused` are indexes in its batch.
  void
  on_confirmed(std::uint64_t ticket, const std::vector<std::uint32_t>& refused);

  void on_deliveries(
    consumer_number to, const std::vector<loaned_run>& runs, time_point now);

  /// So many bytes have been written since the start.
  void on_written(std::uint64_t total);

  /// A consumer's queue is gone.
  void on_cancelled(consumer_number who);

  /// A queue's actor died: what it has not confirmed is refused, its consumers
  /// are cancelled.
  void on_queue_lost(queue_id which);

  /// The node takes no messages for a while: `low on memory`, `low on disk`.
  void on_blocked(std::string reason);
  void on_unblocked();

  /// Ends the connection: by an operator, or because the node stops.
  void on_close(std::uint16_t code, std::string text);

  /// The socket is gone.
  void on_peer_closed(time_point now);
  void on_time(time_point now);

  // -- actions

  /// False: read the socket no further.
  bool wants_input() const;

  /// Ends a round: what was gathered leaves.
  connection_actions take_actions();

  std::optional<time_point> next_due() const;

  /// True once nothing will come out any more.
  bool is_over() const { return phase_ == phase::over; }

  // -- for lists of connections

  bool is_running() const { return phase_ == phase::running; }
  const std::shared_ptr<const user>& who() const { return core_->who; }
  const std::string& vhost() const { return core_->vhost; }
  const client_traits& client() const { return core_->client; }
  const connection_options& options() const { return core_->options; }
  std::uint32_t frame_max() const { return core_->frame_max; }
  std::uint16_t channel_max() const { return channel_max_; }
  std::uint16_t heartbeat_seconds() const { return heartbeat_seconds_; }
  bool is_blocked() const { return !blocked_by_.empty(); }

  /// Calls `visit(number, channel)` for each open channel.
  template <class Visitor>
  void for_each_channel(Visitor visit) const {
    for (std::size_t i = 0; i < channels_.size(); ++i)
      if (const auto& x = channels_[i]; x && !x->is_closing)
        visit(static_cast<std::uint16_t>(i), x->open);
  }

private:
  enum class phase : std::uint8_t {
    header,   // the protocol header is to come
    starting, // connection.start-ok
    securing, // the node checks the login
    silent,   // the login failed and the client does not want to hear it
    tuning,   // connection.tune-ok
    opening,  // connection.open
    entering, // the node looks for the vhost
    running,
    closing, // we closed it: connection.close-ok
    over,
  };

  struct slot {
    slot(connection_core& of, std::uint16_t number, std::uint64_t opened)
      : open{of, number, opened} {}
    channel open;
    bool is_closing = false; // by us: channel.close-ok is to come
  };

  /// Which channel waits for the answer to the open request.
  struct asker {
    std::uint16_t channel = 0;
    std::uint64_t opened = 0;
  };

  // reading (connection_machine.cpp)
  void read(std::string_view chunk);
  void read_backlog();
  void read_header(std::string_view& chunk);
  void on_protocol(std::string_view header);
  void on_frame(const frame& what);
  bool is_waiting() const;
  std::size_t feed(std::string_view bytes);

  // the connection's own methods (connection_handshake.cpp)
  void on_own_frame(const frame& what);
  void on_own_method(const method& what);
  void on_start_ok(const connection_start_ok& m);
  void on_tune_ok(const connection_tune_ok& m);
  void on_open(const connection_open& m);
  void on_close_method();
  void on_update_secret();
  void on_login(const answer& what);
  void on_vhost(const answer& what);
  void run();
  checked<> check_tuning(const connection_tune_ok& m) const;

  // channels (connection_channels.cpp)
  void on_channel_frame(const frame& what);
  void on_closing_channel_frame(const frame& what);
  void open_channel(const frame& what);
  void note_wait(std::uint16_t number);
  channel* find_channel(std::uint16_t number, std::uint64_t opened);
  void settle_outcomes();
  void after(checked<> did, std::uint16_t number);
  void check_deliveries();
  void close_channel(std::uint16_t number, const protocol_error& why);
  void leave_channels(bool vanished);

  // ending (connection_closing.cpp)
  void fail(protocol_error why);
  void end();
  void vanish();
  bool report_written(consumer_number who, bool all);

  std::unique_ptr<connection_core> core_; // channels refer to it
  phase phase_ = phase::header;
  std::string header_; // of the protocol, until it is whole
  frame_reader reader_;
  std::string backlog_;          // read while an answer was awaited
  std::size_t backlog_read_ = 0; // bytes of it that are done with
  bool has_lost_sync_ = false;   // what comes in is no frames any more

  std::vector<std::unique_ptr<slot>> channels_; // by number
  std::uint64_t last_opened_ = 0;
  std::optional<asker> asker_;
  bool awaits_answer_ = false; // the connection itself
  std::vector<outbox::outcome> outcomes_;

  std::string mechanism_;
  std::uint16_t channel_max_ = 0; // 0: none but what numbers allow
  std::uint16_t heartbeat_seconds_ = 0;
  heartbeat heartbeat_;
  std::optional<time_point> deadline_; // of a handshake or of closing
  std::string blocked_by_;
  bool closes_ = false;
  bool drops_ = false;
};

} // namespace troupe::amqp
