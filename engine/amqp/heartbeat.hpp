#pragma once

#include "engine/base/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace troupe::amqp {

/// Says when to send a heartbeat and when the peer is to be given up: one that
/// was silent for two timeouts. Any traffic counts.
class heartbeat {
public:
  enum class verdict : std::uint8_t { wait, send, give_up };

  /// `seconds` as agreed on; 0: none.
  void start(std::uint16_t seconds, time_point now) {
    if (seconds == 0) return;
    half_ = duration{500} * seconds;
    next_ = now + half_;
    heard_ = now;
  }

  void on_received(time_point now) { heard_ = now; }

  /// `sent` counts the bytes written so far. While the peer is not read its
  /// silence means nothing.
  verdict check(time_point now, std::uint64_t sent, bool is_reading) {
    if (half_ == duration{0} || now < next_) return verdict::wait;
    next_ = now + half_;
    if (!is_reading) heard_ = now;
    if (now - heard_ >= 4 * half_) return verdict::give_up;
    if (sent == sent_) return verdict::send;
    sent_ = sent;
    return verdict::wait;
  }

  /// Tells that a heartbeat of so many bytes went out.
  void on_sent(std::uint64_t sent) { sent_ = sent; }

  std::optional<time_point> next_due() const {
    if (half_ == duration{0}) return std::nullopt;
    return next_;
  }

private:
  duration half_{0};
  time_point next_;
  time_point heard_;
  std::uint64_t sent_ = 0;
};

} // namespace troupe::amqp
