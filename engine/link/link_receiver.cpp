#include "engine/link/link_receiver.hpp"

#include "engine/base/bytes.hpp"

#include <algorithm>

namespace troupe {

void link_receiver::on_bytes(std::string_view bytes, time_point now) {
  if (is_over_) return;
  heard_ = now;
  reader_.feed(bytes);
  while (!is_over_) {
    auto frame = reader_.next();
    if (!frame)
      fail(frame.error().detail);
    else if (!*frame)
      return;
    else
      take(**frame);
  }
}

void link_receiver::take(const link_frame& frame) {
  if (!is_up_) {
    greet(frame);
    return;
  }
  switch (frame.kind) {
    case frame_kind::ping: return;
    case frame_kind::part:
    case frame_kind::last: add(frame); return;
    default: fail("it sent a frame out of turn");
  }
}

void link_receiver::greet(const link_frame& frame) {
  auto hello = decode_hello(
    frame.kind == frame_kind::hello ? frame.payload : std::string_view{});
  if (!hello) {
    fail(hello.error().detail);
    return;
  }
  if (auto fault = find_fault(*hello, options_.terms)) {
    refuse(*fault);
    return;
  }
  is_up_ = true;
  reader_.set_most(most_payload);
  auto welcome = link_welcome{};
  welcome.from = options_.terms.self;
  welcome.credit = options_.window;
  welcome.protocol = std::min(hello->newest, newest_link_protocol);
  credit_ = static_cast<std::int64_t>(options_.window);
  put_frame(out_.write, frame_kind::welcome, encode(welcome));
  out_.up = std::move(*hello);
}

void link_receiver::add(const link_frame& frame) {
  if (!is_in_message_ && credit_ <= 0) {
    fail("it sent more than it was allowed to");
    return;
  }
  auto size = frame.payload.size();
  if (message_.size() + size > options_.most_message) {
    fail(
      "it sent a message of more than " + std::to_string(options_.most_message)
      + " bytes");
    return;
  }
  credit_ -= static_cast<std::int64_t>(size);
  message_.append(frame.payload);
  is_in_message_ = frame.kind == frame_kind::part;
  if (is_in_message_) return;
  held_ += message_.size();
  out_.messages.push_back(std::exchange(message_, {}));
}

void link_receiver::on_handled(std::size_t bytes) {
  // What was of an earlier connection is nothing to this one.
  auto counts = std::min<std::uint64_t>(bytes, held_);
  held_ -= counts;
  handled_ += counts;
  if (is_over_ || handled_ < options_.window / 4) return;
  auto payload = std::string{};
  put(payload, handled_);
  put_frame(out_.write, frame_kind::credit, payload);
  credit_ += static_cast<std::int64_t>(std::exchange(handled_, 0));
}

void link_receiver::on_time(time_point now) {
  if (is_over_) return;
  const auto& timing = options_.timing;
  if (now - heard_ >= (is_up_ ? timing.silence : timing.greeting)) {
    fail("nothing was heard of it for too long");
    return;
  }
  if (!is_up_ || now - written_ < timing.beat) return;
  written_ = now;
  put_frame(out_.write, frame_kind::ping, {});
}

void link_receiver::refuse(const std::string& why) {
  put_frame(out_.write, frame_kind::refusal, why);
  fail(why);
}

void link_receiver::fail(const std::string& why) {
  is_over_ = true;
  message_ = {};
  out_.fault = why;
  out_.close = true;
}

} // namespace troupe
