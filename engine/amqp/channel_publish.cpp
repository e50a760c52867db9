#include "engine/amqp/channel.hpp"
#include "engine/amqp/content.hpp"
#include "engine/amqp/content_encoder.hpp"
#include "engine/amqp/exchange_routing.hpp"
#include "engine/amqp/names.hpp"
#include "engine/message/properties.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::amqp {

namespace {

constexpr auto settling_exchange = std::string_view{"amq.troupe.settle"};
constexpr std::size_t most_kept = 64 * 1024; // bytes of a body's memory
constexpr std::uint64_t most_expiration = 4'294'967'295; // ms, as in RabbitMQ

protocol_error wrong(reply_code code, std::string text) {
  return {code, std::move(text)};
}

bool is_expiration(std::string_view text) {
  auto read = std::uint64_t{0};
  auto end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, read);
  return error == std::errc{} && at == end && read <= most_expiration;
}

} // namespace

// -- taking it in

/// Most clients publish to the same place again and again: then the method is
/// not read again.
checked<> channel::begin_publish(std::string_view payload) {
  stage_ = stage::header;
  if (payload == route_.payload) return {};
  auto m = basic_publish{};
  if (!decode(payload, m)) {
    auto read = decode_method(payload);
    return read.error();
  }
  route_.payload.clear(); // until the method is known to be all right
  if (m.immediate) return wrong(reply_code::not_implemented, "immediate=true");
  route_.exchange = plain_name(m.exchange);
  route_.routing_key = m.routing_key;
  route_.mandatory = m.mandatory;
  route_.version = 0;
  route_.payload = payload;
  return {};
}

checked<> channel::on_header(std::string_view payload) {
  auto read = decode_content_header(payload);
  if (!read) return read.error();
  if (read->body_bytes > core_.options.max_message_bytes)
    return wrong(
      reply_code::precondition_failed,
      "message size " + std::to_string(read->body_bytes)
        + " is larger than max size "
        + std::to_string(core_.options.max_message_bytes));
  properties_ = read->properties;
  body_.clear();
  body_left_ = read->body_bytes;
  stage_ = stage::body;
  if (body_left_ > 0) return {};
  stage_ = stage::idle;
  return publish({});
}

checked<> channel::on_body(std::string_view piece) {
  if (piece.size() > body_left_)
    return wrong(
      reply_code::frame_error,
      "content body frame exceeds remaining content size");
  body_left_ -= piece.size();
  if (body_left_ > 0) {
    body_.append(piece);
    return {};
  }
  stage_ = stage::idle;
  if (body_.empty()) return publish(piece); // the whole of it: no copy
  body_.append(piece);
  auto done_with = publish(body_);
  if (body_.capacity() > most_kept) body_ = {};
  return done_with;
}

// -- checking it

checked<> channel::publish(std::string_view body) {
  core_.has_published = true;
  auto has = glance(properties_);
  if (route_.exchange == settling_exchange)
    return settle_by_message({route_.exchange, {}, properties_, body});
  if (route_.version != core_.routes_version)
    if (auto found = look_up_exchange(); !found) return found;
  if (has.any())
    if (auto right = check_properties(has); !right) return right;
  auto what = message{route_.exchange, route_.routing_key, properties_, body};
  if (transaction_.is_on) return hold(what);
  return route(what, route_.mandatory, has);
}

checked<> channel::look_up_exchange() {
  auto allowed = check(access_right::write, {"exchange", route_.exchange});
  if (!allowed) return allowed;
  route_.is_by_key = false;
  route_.through = core_.routes->find_exchange(core_.vhost, route_.exchange);
  auto shown =
    "exchange '" + route_.exchange + "' in vhost '" + core_.vhost + "'";
  if (!route_.through) return wrong(reply_code::not_found, "no " + shown);
  if (route_.through->is_internal())
    return wrong(
      reply_code::access_refused, "cannot publish to internal " + shown);
  route_.version = core_.routes_version;
  return {};
}

checked<> channel::check_properties(const property_glance& has) {
  if (has.reply_to && find_text_property(properties_, "reply_to") == reply_to) {
    if (reply_queue_.empty())
      return wrong(
        reply_code::precondition_failed, "fast reply consumer does not exist");
    properties_ = with_reply_to(properties_, reply_queue_);
  }
  if (has.expiration) {
    auto text = find_text_property(properties_, "expiration").value_or("");
    if (!is_expiration(text))
      return wrong(
        reply_code::precondition_failed,
        "invalid expiration '" + std::string{text}
          + "': it has to be a number of milliseconds from 0 to 4294967295");
  }
  if (!has.user_id) return {};
  return check_user_id(
    *core_.who, find_text_property(properties_, "user_id").value_or(""));
}

// -- routing it

checked<> channel::route(
  const message& what, bool mandatory, const property_glance& has) {
  auto found = queues_for(what, has.headers);
  if (!found) return found.error();
  const auto& queues = **found;
  const auto& delayed = core_.route.delayed;
  const auto& kept_by = core_.route.kept_by;
  auto targets = queues.size() + delayed.size();
  if (targets == 0 && mandatory)
    put_message(
      core_.output, number_, core_.frame_max,
      basic_return{
        static_cast<std::uint16_t>(reply_code::no_route), "NO_ROUTE",
        what.exchange(), what.routing_key()},
      what);
  auto sequence = std::uint64_t{0};
  targets += kept_by.size();
  if (is_confirming_ || transaction_.is_on) {
    sequence = confirms_.open(targets);
    if (targets == 0) note_news();
  }
  if (targets == 0) return {};
  // BCC is for us alone.
  auto is_blind =
    has.headers && find_header(what.encoded_properties(), "BCC").has_value();
  auto kept =
    is_blind ? without_header(what.encoded_properties(), "BCC") : std::string{};
  auto sent =
    is_blind ? message{what.exchange(), what.routing_key(), kept, what.body()}
             : what;
  put(sent, queues, sequence, has.expiration);
  if (!delayed.empty()) put_delayed(sent, sequence);
  if (!kept_by.empty()) put_kept(sent, sequence);
  return {};
}

/// Returns the queues a message goes to; exchanges that hold it back or keep it
/// are in `core_.route`.
checked<const std::vector<const routed_queue*>*>
channel::queues_for(const message& what, bool has_headers) {
  auto& result = core_.route;
  result.clear();
  auto reuses = !transaction_.is_on;
  auto by_key_only = !has_headers || !has_further_keys(what);
  if (reuses && route_.is_by_key && by_key_only) return &route_.queues;
  const auto* through =
    reuses ? route_.through
           : core_.routes->find_exchange(core_.vhost, what.exchange());
  if (!through) return &result.queues; // deleted before the commit
  through->route(*core_.routes, what, result);
  if (!result.wrong_header.empty())
    return wrong(
      reply_code::precondition_failed,
      "invalid message: header " + std::string{result.wrong_header}
        + " has to be an array of routing keys");
  // What delays is no matter of keys, whatever the exchange says.
  if (
    reuses && by_key_only && through->routes_by_key_only()
    && result.delayed.empty()) {
    route_.queues = result.queues;
    route_.is_by_key = true;
  }
  return &result.queues;
}

void channel::put(
  const message& what,
  const std::vector<const routed_queue*>& queues,
  std::uint64_t sequence,
  bool expires) {
  auto from = origin_run{number_, opened_, sequence, 1};
  for (const auto* to : queues) {
    auto partition = to->partitions <= 1
                       ? std::uint16_t{0}
                       : partition_for(*to, what, core_.route.scratch.text);
    core_.published.add({to, partition, false}, what, from, expires);
  }
}

void channel::put_delayed(const message& what, std::uint64_t sequence) {
  auto from = origin_run{number_, opened_, sequence, 1};
  for (const auto& x : core_.route.delayed) {
    const auto* to =
      core_.routes->find_queue(core_.vhost, delayed_queue_name(x.by->name()));
    if (to)
      core_.published.add({to, 0, true}, what, from, false);
    else // being made anew: nobody has the message
      confirms_.close(sequence, 1, true);
  }
  note_news();
}

/// What is kept does not expire: it is there for as long as it is recent.
void channel::put_kept(const message& what, std::uint64_t sequence) {
  auto from = origin_run{number_, opened_, sequence, 1};
  for (const auto* by : core_.route.kept_by) {
    const auto* to =
      core_.routes->find_queue(core_.vhost, history_queue_name(by->name()));
    if (to)
      core_.published.add({to, 0, false}, what, from, false);
    else // being made anew, and empty yet
      confirms_.close(sequence, 1, false);
  }
  note_news();
}

} // namespace troupe::amqp
