#include "engine/link/link_sender.hpp"

#include "engine/base/bytes.hpp"

#include <algorithm>

namespace troupe {

namespace {

// So many bytes of credit are as good as no limit, and no sum overflows.
constexpr auto most_credit = std::uint64_t{1} << 40;

std::int64_t bounded(std::uint64_t credit) {
  return static_cast<std::int64_t>(std::min(credit, most_credit));
}

/// Makes a text that came over the link fit for a log.
std::string printable(std::string_view text) {
  auto out = std::string{text};
  std::ranges::replace_if(
    out, [](char x) { return static_cast<unsigned char>(x) < ' '; }, ' ');
  return out;
}

} // namespace

// -- the connection

void link_sender::on_connected(
  std::optional<std::string> certificate, time_point now) {
  if (state_ != state::dialing) return;
  state_ = state::greeting;
  heard_ = written_ = now;
  reader_ = link_frame_reader{most_greeting};
  options_.terms.certificate = std::move(certificate);
  auto hello = link_hello{};
  hello.from = options_.terms.self;
  hello.to = options_.to;
  put_frame(out_.write, frame_kind::hello, encode(hello));
}

void link_sender::on_bytes(std::string_view bytes, time_point now) {
  if (state_ != state::greeting && state_ != state::up) return;
  heard_ = now;
  reader_.feed(bytes);
  for (;;) {
    auto frame = reader_.next();
    if (!frame) {
      fail(frame.error().detail);
      return;
    }
    if (!*frame) break;
    take(**frame);
    if (state_ == state::apart) return;
  }
  send_on();
}

void link_sender::take(const link_frame& frame) {
  if (frame.kind == frame_kind::ping) return;
  if (state_ == state::greeting && frame.kind == frame_kind::welcome) {
    on_welcome(frame.payload);
  } else if (state_ == state::greeting && frame.kind == frame_kind::refusal) {
    fail("it refused us: " + printable(frame.payload));
  } else if (
    state_ == state::up && frame.kind == frame_kind::credit
    && frame.payload.size() == sizeof(std::uint64_t)) {
    credit_ += bounded(load<std::uint64_t>(frame.payload.data()));
    credit_ = std::min(credit_, bounded(most_credit));
  } else {
    fail("it sent a frame out of turn");
  }
}

void link_sender::on_welcome(std::string_view payload) {
  auto welcome = decode_welcome(payload);
  if (!welcome) {
    fail(welcome.error().detail);
    return;
  }
  auto fault = find_fault(*welcome, options_.to, options_.terms);
  if (fault) {
    fail(*fault);
    return;
  }
  state_ = state::up;
  failures_ = 0;
  last_trouble_.clear();
  credit_ = bounded(welcome->credit);
  out_.up = std::move(*welcome);
}

void link_sender::on_closed(const std::string& why) {
  if (state_ != state::apart) fail(why);
}

void link_sender::on_seen() {
  failures_ = 0;
  if (state_ == state::apart) retry_at_ = time_point{};
}

/// Gives the connection up, if there is one, and all that was to be sent.
void link_sender::fail(const std::string& why) {
  if (state_ == state::up)
    out_.down = why;
  else
    tell(why);
  out_.close = true;
  out_.write.clear();
  state_ = state::apart;
  retry_at_ = std::nullopt;
  ++failures_;
  waiting_.clear();
  waiting_bytes_ = 0;
}

void link_sender::tell(const std::string& trouble) {
  if (trouble == last_trouble_) return;
  last_trouble_ = trouble;
  out_.trouble = trouble;
}

// -- time

void link_sender::on_time(time_point now, double random) {
  const auto& timing = options_.timing;
  if (state_ == state::apart) {
    if (!retry_at_) retry_at_ = now + timing.retry.delay(failures_, random);
    if (now < *retry_at_) return;
    state_ = state::dialing;
    heard_ = now;
    out_.dial = true;
    return;
  }
  auto is_up = state_ == state::up;
  if (now - heard_ >= (is_up ? timing.silence : timing.greeting)) {
    fail("nothing was heard of it for too long");
    return;
  }
  if (!is_up || now - written_ < timing.beat) return;
  written_ = now;
  put_frame(out_.write, frame_kind::ping, {});
}

// -- messages

bool link_sender::send(std::string message) {
  auto is_too_much = waiting_bytes_ + message.size() > options_.most_waiting;
  if (state_ != state::up || (is_too_much && !waiting_.empty())) return false;
  waiting_bytes_ += message.size();
  waiting_.push_back(std::move(message));
  send_on();
  return true;
}

void link_sender::send_on() {
  while (credit_ > 0 && !waiting_.empty()) {
    const auto& next = waiting_.front();
    credit_ -= static_cast<std::int64_t>(next.size());
    waiting_bytes_ -= next.size();
    put_message(out_.write, next);
    waiting_.pop_front();
  }
}

} // namespace troupe
