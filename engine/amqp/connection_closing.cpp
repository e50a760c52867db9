#include "engine/amqp/connection_machine.hpp"

#include <algorithm>

namespace troupe::amqp {

namespace {

// How long a client may take to answer connection.close.
constexpr auto most_closing = std::chrono::seconds{30};

// Where what it sends is no frames any more, it gets only this to read why.
constexpr auto damaged_grace = std::chrono::seconds{3};

} // namespace

/// Closes the connection: tells the client why, and ignores all it sends but
/// its answer.
void connection_machine::fail(protocol_error why) {
  if (phase_ == phase::closing || phase_ == phase::over) return;
  leave_channels(false);
  awaits_answer_ = false;
  auto text = reply_text(why);
  core_->send(
    0,
    connection_close{
      static_cast<std::uint16_t>(why.code), text, why.class_id, why.method_id});
  phase_ = phase::closing;
  auto is_damaged = why.code == reply_code::frame_error;
  auto grace = is_damaged ? duration{damaged_grace} : duration{most_closing};
  if (heartbeat_seconds_ > 0)
    grace = std::min(grace, duration{std::chrono::seconds{heartbeat_seconds_}});
  deadline_ = core_->now + grace;
}

void connection_machine::on_close_method() {
  if (phase_ == phase::closing) // both at once: ours is still to be answered
    return core_->send(0, connection_close_ok{});
  leave_channels(false);
  core_->send(0, connection_close_ok{});
  end();
}

void connection_machine::on_close(std::uint16_t code, std::string text) {
  if (phase_ == phase::header || phase_ == phase::silent) return end();
  fail({static_cast<reply_code>(code), std::move(text)});
}

/// Ends without a further word, once what is written has left.
void connection_machine::end() {
  phase_ = phase::over;
  closes_ = true;
  deadline_.reset();
  awaits_answer_ = false;
  asker_.reset();
}

void connection_machine::on_peer_closed(time_point now) {
  core_->now = now;
  vanish();
}

/// Ends where there is nobody any more.
void connection_machine::vanish() {
  if (phase_ == phase::over) return;
  leave_channels(phase_ == phase::running);
  end();
  closes_ = false;
  drops_ = true;
}

void connection_machine::on_time(time_point now) {
  core_->now = now;
  if (phase_ == phase::over) return;
  if (deadline_ && now >= *deadline_) {
    auto is_told = phase_ == phase::closing || phase_ == phase::silent;
    return is_told ? end() : vanish();
  }
  check_deliveries();
  auto sent = core_->output_end();
  switch (heartbeat_.check(now, sent, wants_input())) {
    case heartbeat::verdict::wait: return;
    case heartbeat::verdict::send:
      put_heartbeat(core_->output);
      return heartbeat_.on_sent(core_->output_end());
    case heartbeat::verdict::give_up: return vanish();
  }
}

std::optional<time_point> connection_machine::next_due() const {
  if (phase_ == phase::over) return std::nullopt;
  auto due = heartbeat_.next_due();
  for (const auto& other : {deadline_, core_->deliveries_due})
    if (!due || (other && *other < *due)) due = other ? other : due;
  return due;
}

} // namespace troupe::amqp
