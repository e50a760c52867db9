#pragma once

#include "engine/link/link_frame_reader.hpp"
#include "engine/link/link_greeting.hpp"
#include "engine/link/link_timing.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The rules of the end that connects and sends messages. What is sent arrives
/// in order and at most once; when the link breaks, what is under way may be
/// lost, and `down` says so. Holds no socket and no clock.
class link_sender {
public:
  struct options {
    admission terms; // its certificate is known later
    std::string to;  // the member; empty: whoever is there
    link_timing timing = {};
    /// Bytes of messages that may wait for the other end's credit.
    std::size_t most_waiting = 64 * 1024 * 1024;
  };

  /// What to do, in this order.
  struct actions {
    bool dial = false;
    std::string write;
    bool close = false; // the connection; `on_closed` may still be called
    std::optional<link_welcome> up;  // messages may be sent
    std::optional<std::string> down; // why they may not any longer
    /// Why nothing came of an attempt, a sentence for the log; not repeated
    /// while it stays the same.
    std::optional<std::string> trouble;
  };

  explicit link_sender(options with) : options_{std::move(with)} {}

  /// The connection asked for is there; `certificate` is the common name that
  /// the other end showed.
  void on_connected(std::optional<std::string> certificate, time_point now);
  void on_bytes(std::string_view bytes, time_point now);

  /// There is no connection: it could not be made, or it broke. What is heard
  /// of a connection after `close` is for nobody.
  void on_closed(const std::string& why);

  /// The other end was seen: what keeps an attempt waiting is over.
  void on_seen();

  /// To be called at least every `beat`. `random` (0 to 1) spreads the
  /// attempts of many.
  void on_time(time_point now, double random);

  /// Sends a message; false, and it is dropped, while the link is not up or
  /// too much waits already.
  bool send(std::string message);

  bool is_up() const { return state_ == state::up; }
  std::size_t waiting_bytes() const { return waiting_bytes_; }

  actions take_actions() { return std::exchange(out_, {}); }

private:
  enum class state : std::uint8_t { apart, dialing, greeting, up };

  void take(const link_frame& frame);
  void on_welcome(std::string_view payload);
  void send_on();
  void fail(const std::string& why);
  void tell(const std::string& trouble);

  options options_;
  state state_ = state::apart;
  link_frame_reader reader_{most_greeting};
  std::optional<time_point> retry_at_{
    time_point{}};             // while apart; none: to be set
  time_point heard_;           // or since when it is awaited
  time_point written_;         // when the last frame went out
  std::uint32_t failures_ = 0; // in a row
  std::int64_t credit_ = 0; // bytes; a message may begin while it is positive
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::string last_trouble_;
  actions out_;
};

} // namespace troupe
