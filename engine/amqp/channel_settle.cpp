#include "engine/amqp/channel.hpp"
#include "engine/message/properties.hpp"

#include <charconv>

namespace troupe::amqp {

namespace {

protocol_error unknown_tag(std::uint64_t tag) {
  return {
    reply_code::precondition_failed,
    "unknown delivery tag " + std::to_string(tag)};
}

} // namespace

checked<> channel::on(const basic_ack& m) {
  return settle(m.delivery_tag, m.multiple, verdict::ack);
}

checked<> channel::on(const basic_nack& m) {
  return settle(
    m.delivery_tag, m.multiple,
    m.requeue ? verdict::nack_requeue : verdict::drop);
}

checked<> channel::on(const basic_reject& m) {
  return settle(
    m.delivery_tag, false, m.requeue ? verdict::reject_requeue : verdict::drop);
}

checked<> channel::settle(std::uint64_t tag, bool multiple, verdict what) {
  taken_.clear();
  if (!unacked_.take(tag, multiple, taken_)) return unknown_tag(tag);
  if (multiple)
    for (const auto& run : taken_)
      if (auto* who = core_.find_consumer(run.consumer))
        who->settles_many = true;
  if (transaction_.is_on)
    transaction_.settled.emplace_back(what, taken_);
  else
    settle(taken_, what);
  return {};
}

void channel::settle(const std::vector<unacked_run>& all, verdict what) {
  for (const auto& run : all) {
    auto* who = core_.find_consumer(run.consumer);
    if (!who) continue;
    who->unacked -= run.count;
    if (!who->is_getter) outstanding_ -= run.count;
    if (!who->is_gone)
      core_.settled.add(who->number, who->queue, what, {run.at, run.count});
    remove_if_over(*who);
  }
  mind_limit();
}

checked<> channel::on(const basic_recover_async& m) {
  if (!m.requeue)
    return protocol_error{reply_code::not_implemented, "requeue=false"};
  auto taken = std::vector<unacked_run>{};
  unacked_.take_all(taken);
  settle(taken, verdict::nack_requeue);
  return {};
}

checked<> channel::on(const basic_recover& m) {
  auto did = on(basic_recover_async{m.requeue});
  if (did) core_.send(number_, basic_recover_ok{});
  return did;
}

// -- settling by a message: what AMQP 0-9-1 has no method for

namespace {

constexpr auto ten_years = duration{std::chrono::hours{24 * 365 * 10}};

std::optional<std::uint64_t>
number_in(std::string_view properties, std::string_view name) {
  auto found = find_header(properties, name);
  auto text = found ? to_text(*found) : std::nullopt;
  if (!text) return std::nullopt;
  auto read = std::uint64_t{0};
  auto end = text->data() + text->size();
  auto [at, error] = std::from_chars(text->data(), end, read);
  if (error != std::errc{} || at != end) return std::nullopt;
  return read;
}

protocol_error wrong_settling(std::string what) {
  return {
    reply_code::precondition_failed,
    "amq.troupe.settle: " + std::move(what)
      + "; send the headers delivery-tag (integer), action (extend, retry, "
        "dead-letter or park), delay-ms (integer) and reason (string)"};
}

/// What a message to amq.troupe.settle says.
struct settling_wish {
  std::uint64_t tag = 0;
  std::string action;
  std::optional<duration> delay;
  std::string reason;
};

checked<settling_wish> read_wish(std::string_view properties) {
  auto made = settling_wish{};
  auto tag = number_in(properties, "delivery-tag");
  if (!tag) return wrong_settling("there is no delivery-tag");
  made.tag = *tag;
  made.action = find_text_header(properties, "action").value_or("");
  made.reason = find_text_header(properties, "reason").value_or("");
  if (find_header(properties, "delay-ms")) {
    auto delay = number_in(properties, "delay-ms");
    if (!delay || *delay > static_cast<std::uint64_t>(ten_years.count()))
      return wrong_settling("delay-ms is no time up to ten years");
    made.delay = duration{static_cast<std::int64_t>(*delay)};
  }
  for (auto known : {"extend", "retry", "dead-letter", "park"})
    if (made.action == known) return made;
  return wrong_settling("there is no action '" + made.action + "'");
}

failure failure_of(const settling_wish& wish, position at, time_point now) {
  auto made = failure{};
  made.at = at;
  made.why = {now, wish.action, wish.reason};
  made.is_final = wish.action == "dead-letter";
  made.delay = wish.action == "park" ? std::optional{ten_years} : wish.delay;
  return made;
}

} // namespace

checked<> channel::settle_by_message(const message& what) {
  auto wish = read_wish(what.encoded_properties());
  if (!wish) return wish.error();
  auto taken = std::vector<unacked_run>{};
  if (wish->action == "extend") {
    if (!unacked_.extend(wish->tag, core_.delivery_time()))
      return unknown_tag(wish->tag);
  } else {
    if (!unacked_.take(wish->tag, false, taken)) return unknown_tag(wish->tag);
    const auto& run = taken.front();
    auto& who = *core_.find_consumer(run.consumer);
    --who.unacked;
    if (!who.is_getter) --outstanding_;
    if (!who.is_gone)
      core_.settled.add(
        who.number, who.queue, failure_of(*wish, run.at, core_.now));
    remove_if_over(who);
    mind_limit();
  }
  if (is_confirming_) {
    confirms_.open(0);
    note_news();
  }
  return {};
}

} // namespace troupe::amqp
