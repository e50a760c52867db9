#include "tests/bench/amqp_ends.hpp"

#include <cstring>
#include <stdexcept>

namespace troupe::bench::amqp {

namespace {

constexpr std::size_t enough_unsent = 128 << 10; // bytes

// Of the publishes, one in so many is timed; a prime, so that it is not always
// the first of a window or of what a broker confirms at once.
constexpr std::uint64_t sampled_one_in = 61;

constexpr std::string_view quorum_arguments{
  "\14x-queue-typeS\0\0\0\6quorum", 24};

[[noreturn]] void fail(const frame& x) {
  auto size = number(x.payload.substr(2), 1);
  throw std::runtime_error{
    "the broker closes: " + std::string{x.payload.substr(3, size)}};
}

} // namespace

void declare_queue(peer& x, const std::string& name, const profile& how) {
  outgoing_method(x.out(), method::queue_declare)
    .number(0, 2)
    .short_text(name)
    .number(how.is_durable ? 2 : 0, 1)
    .long_text(how.is_quorum ? quorum_arguments : "");
  x.await(method::queue_declare_ok);
}

void delete_queue(peer& x, const std::string& name) {
  outgoing_method(x.out(), method::queue_delete)
    .number(0, 2)
    .short_text(name)
    .number(0, 1);
  x.await(method::queue_delete_ok);
}

// -- publisher ----------------------------------------------------------------

publisher::publisher(std::uint16_t port, std::string queue, const profile& x)
  : wire_(connect_to(port)), window_(x.is_durable ? x.window : UINT64_MAX) {
  shake_hands(wire_);
  if (x.is_durable) {
    outgoing_method(wire_.out(), method::confirm_select).number(0, 1);
    wire_.await(method::confirm_select_ok);
  }
  outgoing_method(template_, method::publish)
    .number(0, 2)
    .short_text("")
    .short_text(queue)
    .number(0, 1);
  auto body = std::string(x.size, 'x');
  append_content(template_, body, x.is_durable);
  stamp_at_ = template_.find(body.substr(0, 16));
  if (x.rate > 0) {
    interval_ = std::chrono::duration_cast<clock::duration>(
      std::chrono::duration<double>{x.queues / x.rate});
    due_ = clock::now();
  }
}

bool publisher::is_done() const {
  return sent_ >= most_ && (window_ == UINT64_MAX || confirmed() >= sent_);
}

bool publisher::may_send(clock::time_point now) const {
  return sent_ < most_ && sent_ - confirmed() < window_
         && wire_.unsent() < enough_unsent && due_ <= now;
}

clock::time_point publisher::due() const {
  return interval_.count() > 0 ? due_ : clock::time_point::max();
}

void publisher::append(clock::time_point stamp) {
  auto at = wire_.out().size() + stamp_at_;
  wire_.out().append(template_);
  auto since = stamp.time_since_epoch().count();
  std::memcpy(wire_.out().data() + at, &since, sizeof since);
  ++sent_;
  if (window_ != UINT64_MAX && sent_ % sampled_one_in == 0)
    samples_.push_back({sent_, stamp});
}

/// Stamps timed messages with when they were due, so that what a broker holds
/// up counts for those behind it as well.
void publisher::fill(clock::time_point now) {
  while (may_send(now)) {
    if (interval_.count() == 0) {
      append(now);
      continue;
    }
    append(due_);
    due_ += interval_;
  }
}

/// Counts each message once, in whatever order a broker confirms.
void publisher::on_ack(std::uint64_t tag, bool is_multiple) {
  if (!is_multiple && tag != confirmed_to_ + 1) {
    ahead_.insert(tag);
    return;
  }
  confirmed_to_ = std::max(confirmed_to_, tag);
  ahead_.erase(ahead_.begin(), ahead_.upper_bound(confirmed_to_));
  while (ahead_.erase(confirmed_to_ + 1) > 0) ++confirmed_to_;
}

void publisher::take_samples(
  std::uint64_t tag, bool is_multiple, std::vector<double>& latencies) {
  auto now = clock::now();
  std::erase_if(samples_, [&](const sample& x) {
    if (is_multiple ? x.tag > tag : x.tag != tag) return false;
    auto took = std::chrono::duration<double, std::milli>(now - x.sent);
    latencies.push_back(took.count());
    return true;
  });
}

void publisher::look(std::vector<double>& latencies) {
  while (auto x = wire_.next()) {
    if (x->kind != kind::method) continue;
    if (x->name == method::close || x->name == method::channel_close) fail(*x);
    if (x->name == method::nack)
      throw std::runtime_error{"the broker refuses a message"};
    if (x->name != method::ack) continue;
    auto is_multiple = x->payload[8] != 0;
    auto tag = number(x->payload, 8);
    on_ack(tag, is_multiple);
    take_samples(tag, is_multiple, latencies);
  }
}

// -- consumer -----------------------------------------------------------------

consumer::consumer(
  std::uint16_t port, const std::string& queue, const profile& x)
  : wire_(connect_to(port)),
    ack_every_(x.is_durable ? x.ack_every : 0),
    sample_every_(x.rate > 0 ? 1 : 64) {
  shake_hands(wire_);
  if (ack_every_ > 0) {
    outgoing_method(wire_.out(), method::qos)
      .number(0, 4)
      .number(x.prefetch, 2)
      .number(0, 1);
    wire_.await(method::qos_ok);
  }
  outgoing_method(wire_.out(), method::consume)
    .number(0, 2)
    .short_text(queue)
    .short_text("load")
    .number(ack_every_ > 0 ? 0 : 2, 1)
    .long_text("");
  wire_.await(method::consume_ok);
}

void consumer::settle(std::uint64_t tag) {
  outgoing_method(wire_.out(), method::ack).number(tag, 8).number(1, 1);
}

void consumer::on_message() {
  ++seen_;
  if (ack_every_ > 0 && seen_ % ack_every_ == 0) settle(tag_);
}

void consumer::on_body(std::string_view part, std::vector<double>& latencies) {
  if (is_first_ && seen_ % sample_every_ == 0) {
    auto since = clock::rep{};
    std::memcpy(&since, part.data(), sizeof since);
    auto stamp = clock::time_point{clock::duration{since}};
    latencies.push_back(
      std::chrono::duration<double, std::milli>(clock::now() - stamp).count());
  }
  is_first_ = false;
  left_ -= std::min<std::uint64_t>(left_, part.size());
  if (left_ == 0) on_message();
}

void consumer::look(std::vector<double>& latencies) {
  while (auto x = wire_.next()) {
    if (x->kind == kind::body) {
      on_body(x->payload, latencies);
    } else if (x->kind == kind::header) {
      left_ = number(x->payload.substr(4), 8);
      is_first_ = true;
    } else if (x->name == method::deliver) {
      auto behind_name = 1 + number(x->payload, 1);
      tag_ = number(x->payload.substr(behind_name), 8);
    } else if (x->name == method::close || x->name == method::channel_close) {
      fail(*x);
    }
  }
}

} // namespace troupe::bench::amqp
