#pragma once

#include "engine/link/link_frame_reader.hpp"
#include "engine/link/link_greeting.hpp"
#include "engine/link/link_timing.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The rules of the end that was connected to and gets messages. Never holds
/// more than `window` of messages that were not handled, one message more, and
/// one frame. Holds no socket and no clock.
class link_receiver {
public:
  struct options {
    admission terms;
    link_timing timing = {};
    std::uint64_t window = 8 * 1024 * 1024;       // bytes of messages
    std::size_t most_message = 512 * 1024 * 1024; // bytes
  };

  /// What to do, in this order.
  struct actions {
    std::optional<link_hello> up; // messages are from this member
    std::vector<std::string> messages;
    std::string write;
    bool close = false;               // after all is written
    std::optional<std::string> fault; // why it closes, for the log
  };

  link_receiver(options with, time_point now)
    : options_{std::move(with)}, heard_{now}, written_{now} {}

  void on_bytes(std::string_view bytes, time_point now);

  /// So many bytes of messages need no more memory.
  void on_handled(std::size_t bytes);

  /// To be called at least every `beat`.
  void on_time(time_point now);

  actions take_actions() { return std::exchange(out_, {}); }

private:
  void take(const link_frame& frame);
  void greet(const link_frame& frame);
  void add(const link_frame& frame);
  void refuse(const std::string& why);
  void fail(const std::string& why);

  options options_;
  link_frame_reader reader_{most_greeting};
  bool is_up_ = false;
  bool is_over_ = false;
  time_point heard_;
  time_point written_;
  std::int64_t credit_ = 0;   // bytes the other end still has
  std::uint64_t held_ = 0;    // bytes handed out and not handled
  std::uint64_t handled_ = 0; // bytes not yet told as credit
  std::string message_;       // its parts so far
  bool is_in_message_ = false;
  actions out_;
};

} // namespace troupe
