#include "engine/amqp/channel.hpp"

#include <algorithm>

namespace troupe::amqp {

namespace {

protocol_error unexpected(std::string text) {
  return {reply_code::unexpected_frame, std::move(text)};
}

} // namespace

checked<> channel::on_frame(const frame& what) {
  switch (stage_) {
    case stage::idle:
      if (what.type != frame_type::method)
        return unexpected(
          "expected method frame, got non method frame instead");
      break;
    case stage::header:
      if (what.type != frame_type::header)
        return unexpected(
          "expected content header for class 60, got non content header frame "
          "instead");
      return on_header(what.payload);
    case stage::body:
      if (what.type != frame_type::body)
        return unexpected(
          "expected content body, got non content body frame instead");
      return on_body(what.payload);
  }
  method_ = key_in(what.payload);
  if (method_ == key_of<basic_publish>) return begin_publish(what.payload);
  auto ack = basic_ack{};
  if (decode(what.payload, ack)) return on(ack);
  auto read = decode_method(what.payload);
  if (!read) return read.error();
  return std::visit([this](const auto& m) { return on(m); }, *read);
}

checked<> channel::on_answer(answer&& what) {
  if (!pending_) return {};
  method_ = pending_->by;
  if (const auto* no = std::get_if<refused>(&what)) {
    auto of = std::exchange(pending_, {});
    if (auto* who = core_.find_consumer(of->consumer))
      if (!who->is_getter) forget(*who);
    return protocol_error{no->code, no->text};
  }
  if (auto* one = std::get_if<got>(&what))
    on_got(*one);
  else if (const auto* yes = std::get_if<done>(&what)) {
    if (pending_->makes_reply_queue) return on_reply_queue(*yes);
    if (pending_->cancels)
      end_cancel(*pending_);
    else
      on_done(*yes);
  }
  pending_.reset();
  return {};
}

void channel::ask(request&& what, pending_request&& of) {
  of.by = method_;
  pending_ = std::move(of);
  core_.requests.push_back(std::move(what));
}

/// Returns the queue a method means: an empty name is that last declared.
checked<std::string> channel::queue_name(std::string_view name) const {
  if (!name.empty()) return plain_name(name);
  if (!last_queue_.empty()) return last_queue_;
  return protocol_error{reply_code::not_found, "no previously declared queue"};
}

checked<> channel::check(access_right wanted, protected_thing to) const {
  return check_right(*core_.who, core_.vhost, wanted, to);
}

// -- methods

checked<> channel::on(const channel_open&) {
  return protocol_error{
    reply_code::channel_error, "second 'channel.open' seen"};
}

checked<> channel::on(const channel_flow& m) {
  if (!m.active)
    return protocol_error{reply_code::not_implemented, "active=false"};
  core_.send(number_, channel_flow_ok{true});
  return {};
}

checked<> channel::on(const access_request&) {
  core_.send(number_, access_request_ok{1});
  return {};
}

checked<> channel::on(const confirm_select& m) {
  if (transaction_.is_on)
    return protocol_error{
      reply_code::precondition_failed, "cannot switch from tx to confirm mode"};
  is_confirming_ = true;
  if (!m.nowait) core_.send(number_, confirm_select_ok{});
  return {};
}

checked<> channel::on(const basic_qos& m) {
  if (m.prefetch_size != 0)
    return protocol_error{
      reply_code::not_implemented,
      "prefetch_size!=0 (" + std::to_string(m.prefetch_size) + ")"};
  if (m.global) {
    limit_ = m.prefetch_count;
    change_credit(false);
    mind_limit();
  } else {
    prefetch_ = m.prefetch_count;
    // Celery changes the prefetch of workers that run and relies on it.
    if (core_.client.is_py_amqp()) change_credit(true);
  }
  core_.send(number_, basic_qos_ok{});
  return {};
}

// -- confirms

checked<> channel::on_outcome(const outbox::outcome& what) {
  confirms_.close(what.of.first, what.of.count, what.is_refused);
  if (transaction_.is_committing) return end_commit();
  note_news();
  return {};
}

void channel::note_news() {
  if (!is_confirming_ || has_news_ || !confirms_.has_news()) return;
  has_news_ = true;
  core_.with_news.push_back(number_);
}

void channel::put_confirms() {
  has_news_ = false;
  confirms_.put(core_.output, number_);
}

// -- the end

void channel::leave(bool vanished) {
  auto oldest = vanished ? unacked_.oldest() : unacked_list::positions{};
  for (auto number : consumers_) {
    const auto& who = *core_.find_consumer(number);
    auto crash = std::optional<failure>{};
    auto at = oldest.find(number);
    if (at != oldest.end() && !who.is_getter && !who.settles_many)
      crash = failure{
        at->second,
        {core_.now, "connection_lost",
         "the client's connection was lost while it had this message"},
        {},
        false};
    core_.leave(who, std::move(crash));
    core_.consumers.erase(number);
  }
  // Nothing is left to hold while the client's last word is awaited.
  consumers_.clear();
  unacked_ = {};
  transaction_ = {};
  confirms_ = {};
  route_ = {};
  properties_ = {};
  body_ = {};
}

} // namespace troupe::amqp
