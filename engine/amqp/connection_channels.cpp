#include "engine/amqp/connection_machine.hpp"

#include <limits>

namespace troupe::amqp {

void connection_machine::on_channel_frame(const frame& what) {
  auto number = what.channel;
  if (what.type == frame_type::heartbeat)
    return fail(
      {reply_code::unexpected_frame, "a heartbeat on channel "
                                       + std::to_string(number)
                                       + ": they belong on channel 0"});
  if (number >= channels_.size() || !channels_[number])
    return open_channel(what);
  if (channels_[number]->is_closing) return on_closing_channel_frame(what);
  auto& at = channels_[number]->open;
  auto key = what.type == frame_type::method ? key_in(what.payload) : 0;
  if (key == key_of<channel_close> && !at.is_in_content()) {
    at.leave(false);
    channels_[number].reset();
    return core_->send(number, channel_close_ok{});
  }
  if (auto did = at.on_frame(what); !did)
    after(std::move(did), number);
  else if (at.is_waiting())
    asker_ = asker{number, at.opened()};
}

/// After we closed a channel, only the client's own closing matters.
void connection_machine::on_closing_channel_frame(const frame& what) {
  if (what.type != frame_type::method) return;
  auto key = key_in(what.payload);
  if (key == key_of<channel_close>)
    core_->send(what.channel, channel_close_ok{});
  if (key == key_of<channel_close_ok>) channels_[what.channel].reset();
}

void connection_machine::open_channel(const frame& what) {
  auto number = what.channel;
  if (channel_max_ != 0 && number > channel_max_)
    return fail(
      {reply_code::not_allowed,
       "channel number " + std::to_string(number)
         + " is above the negotiated channel_max ("
         + std::to_string(channel_max_) + ")",
       channel_open::class_id, channel_open::method_id});
  if (what.type != frame_type::method)
    return fail(
      {reply_code::unexpected_frame,
       "expected method frame, got non method frame instead"});
  auto read = decode_method(what.payload);
  if (!read) return fail(read.error());
  if (std::holds_alternative<channel_close_ok>(*read)) return; // both closed
  if (!std::holds_alternative<channel_open>(*read)) {
    auto key = key_in(what.payload);
    return fail(
      {reply_code::channel_error, "expected 'channel.open'",
       static_cast<std::uint16_t>(key >> 16),
       static_cast<std::uint16_t>(key & 0xffff)});
  }
  if (number >= channels_.size()) channels_.resize(number + std::size_t{1});
  channels_[number] = std::make_unique<slot>(*core_, number, ++last_opened_);
  core_->send(number, channel_open_ok{});
}

channel*
connection_machine::find_channel(std::uint16_t number, std::uint64_t opened) {
  if (number >= channels_.size() || !channels_[number]) return nullptr;
  auto& found = *channels_[number];
  if (found.is_closing || found.open.opened() != opened) return nullptr;
  return &found.open;
}

/// Stops the reading while a channel waits.
void connection_machine::note_wait(std::uint16_t number) {
  if (number >= channels_.size() || !channels_[number]) return;
  auto& found = *channels_[number];
  if (!found.is_closing && found.open.is_waiting())
    asker_ = asker{number, found.open.opened()};
}

/// Tells channels what became of messages they published.
void connection_machine::settle_outcomes() {
  for (const auto& x : std::exchange(outcomes_, {})) {
    auto* to = find_channel(x.of.channel, x.of.opened);
    if (!to) continue;
    auto was_waiting = to->is_waiting();
    after(to->on_outcome(x), x.of.channel);
    to = find_channel(x.of.channel, x.of.opened);
    // A commit that has ended lets the client go on.
    if (was_waiting && asker_ && asker_->opened == x.of.opened)
      if (!to || !to->is_waiting()) asker_.reset();
  }
  read_backlog();
}

/// Closes what an error closes.
void connection_machine::after(checked<> did, std::uint16_t number) {
  if (did || !channels_[number]) return;
  auto why = did.error();
  if (why.class_id == 0) {
    auto key = channels_[number]->open.current_method();
    why.class_id = static_cast<std::uint16_t>(key >> 16);
    why.method_id = static_cast<std::uint16_t>(key & 0xffff);
  }
  if (scope_of(why.code) == error_scope::channel)
    close_channel(number, why);
  else
    fail(std::move(why));
}

void connection_machine::close_channel(
  std::uint16_t number, const protocol_error& why) {
  auto& closed = *channels_[number];
  closed.open.leave(false);
  closed.is_closing = true;
  auto text = reply_text(why);
  core_->send(
    number,
    channel_close{
      static_cast<std::uint16_t>(why.code), text, why.class_id, why.method_id});
}

/// Closes channels whose client keeps a delivery for too long. One that waits
/// for an answer is looked at when it has that.
void connection_machine::check_deliveries() {
  auto& due = core_->deliveries_due;
  if (!due || core_->now < *due) return;
  due.reset();
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    auto& x = channels_[i];
    if (!x || x->is_closing) continue;
    if (x->open.is_waiting())
      core_->look_at_deliveries(core_->now + std::chrono::seconds{1});
    else if (auto did = x->open.check_deliveries(); !did)
      close_channel(static_cast<std::uint16_t>(i), did.error());
  }
}

void connection_machine::leave_channels(bool vanished) {
  for (auto& x : channels_)
    if (x && !x->is_closing) x->open.leave(vanished);
  channels_.clear();
  core_->with_news.clear();
  core_->unwritten_deliveries.clear();
  core_->deliveries_due.reset();
  asker_.reset();
}

} // namespace troupe::amqp
