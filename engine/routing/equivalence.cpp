#include "engine/routing/equivalence.hpp"

#include "engine/routing/plain_value.hpp"

#include <array>
#include <span>
#include <string_view>

namespace troupe {

namespace {

using names = std::span<const std::string_view>;

constexpr auto exchange_arguments =
  std::array<std::string_view, 1>{"alternate-exchange"};

/// Those of RabbitMQ's queue types and of others' that change what a queue
/// does. Left out: x-queue-mode, x-queue-version, x-ha-policy and
/// x-queue-master-locator, which mean nothing here.
constexpr auto queue_arguments = std::array<std::string_view, 30>{
  "x-queue-type",
  "x-expires",
  "x-message-ttl",
  "x-dead-letter-exchange",
  "x-dead-letter-routing-key",
  "x-dead-letter-strategy",
  "x-max-length",
  "x-max-length-bytes",
  "x-max-in-memory-length",
  "x-max-in-memory-bytes",
  "x-max-priority",
  "x-overflow",
  "x-single-active-consumer",
  "x-delivery-limit",
  "x-delayed-retry-type",
  "x-delayed-retry-min",
  "x-delayed-retry-max",
  "x-consumer-timeout",
  "x-consumer-disconnected-timeout",
  "x-quorum-initial-group-size",
  "x-initial-cluster-size",
  "x-queue-leader-locator",
  "x-max-age",
  "x-stream-max-segment-size-bytes",
  "x-stream-filter-size-bytes",
  "x-message-deduplication",
  "x-cache-size",
  "x-cache-ttl",
  "x-deduplication-header",
  "x-order-key"};

refusal inequivalent(
  std::string_view what,
  const std::string& place,
  const std::string& received,
  const std::string& current) {
  return {
    refusal::reason::precondition_failed,
    "inequivalent arg '" + std::string{what} + "' for " + place + ": received "
      + received + " but current is " + current};
}

std::string quoted(std::string_view text) {
  return "'" + std::string{text} + "'";
}

std::string quoted(bool flag) { return flag ? "'true'" : "'false'"; }

// -- arguments

/// Returns a value without its type, as RabbitMQ compares it: 5 of one integer
/// type is 5 of another.
bool is_same(const field_value& a, const field_value& b) {
  auto encoded = [](const field_value& value) {
    return encode(field_table{{{"", value}}});
  };
  auto a_bytes = encoded(a);
  auto b_bytes = encoded(b);
  auto a_field = find(a_bytes, "");
  auto b_field = find(b_bytes, "");
  return a_field && b_field && plain(*a_field) == plain(*b_field);
}

bool is_classic(const field_value* type) {
  if (!type) return true;
  auto* name = std::get_if<std::string>(&type->value);
  return name && *name == "classic";
}

std::string with_type(const field_value* value) {
  if (!value) return "none";
  return "the value " + quoted(value_text(*value)) + " of type "
         + quoted(type_name(*value));
}

permitted<> check_argument(
  std::string_view name,
  const std::string& place,
  const field_value* there,
  const field_value* again) {
  if (!there && !again) return {};
  if (name == "x-queue-type" && is_classic(there) && is_classic(again))
    return {};
  if (!there || !again)
    return inequivalent(name, place, with_type(again), with_type(there));
  if (is_same(*there, *again)) return {};
  return inequivalent(
    name, place, quoted(value_text(*again)), quoted(value_text(*there)));
}

permitted<> check_arguments(
  names compared,
  const std::string& place,
  const field_table& there,
  const field_table& again) {
  for (auto name : compared) {
    auto same =
      check_argument(name, place, find(there, name), find(again, name));
    if (!same) return same;
  }
  return {};
}

} // namespace

std::string place_text(
  std::string_view kind, const std::string& name, const std::string& vhost) {
  return std::string{kind} + " " + quoted(name) + " in vhost " + quoted(vhost);
}

permitted<>
check_same(const exchange& there, const exchange_declaration& again) {
  const auto& now = there.declared();
  auto place = place_text("exchange", now.name, there.vhost());
  if (now.type != again.type)
    return inequivalent("type", place, quoted(again.type), quoted(now.type));
  for (auto [name, member] :
       {std::pair{"durable", &exchange_declaration::durable},
        std::pair{"auto_delete", &exchange_declaration::auto_delete},
        std::pair{"internal", &exchange_declaration::internal}})
    if (now.*member != again.*member)
      return inequivalent(
        name, place, quoted(again.*member), quoted(now.*member));
  return check_arguments(
    exchange_arguments, place, now.arguments, again.arguments);
}

permitted<>
check_same(const routed_queue& there, const queue_declaration& again) {
  const auto& now = *there.declared;
  auto place = place_text("queue", there.name, there.vhost);
  auto durable = again.durable && !again.exclusive;
  if (there.is_durable != durable)
    return inequivalent(
      "durable", place, quoted(durable), quoted(there.is_durable));
  if (now.auto_delete != again.auto_delete)
    return inequivalent(
      "auto_delete", place, quoted(again.auto_delete), quoted(now.auto_delete));
  return check_arguments(
    queue_arguments, place, now.arguments, again.arguments);
}

} // namespace troupe
