#include "engine/amqp/consumer_arguments.hpp"

#include "engine/message/field_lookup.hpp"

#include <algorithm>
#include <limits>

namespace troupe::amqp {

namespace {

constexpr auto timeout_argument = std::string_view{"x-consumer-timeout"};

protocol_error
wrong(std::string_view name, const routed_queue& queue, std::string_view cure) {
  return {
    reply_code::precondition_failed,
    "invalid arg '" + std::string{name} + "' for queue '" + queue.name
      + "' in vhost '" + queue.vhost + "': it has to be " + std::string{cure}};
}

/// Takes integers of any width; priorities beyond the bounds are at them.
std::optional<std::int32_t> to_priority(const field_value& from) {
  using bounds = std::numeric_limits<std::int32_t>;
  auto number = to_integer(from);
  if (!number) return std::nullopt;
  return static_cast<std::int32_t>(
    std::clamp<std::int64_t>(*number, bounds::min(), bounds::max()));
}

std::optional<duration> to_timeout(const field_value& from) {
  auto number = to_integer(from);
  if (!number || *number < 0) return std::nullopt;
  return duration{std::min<std::int64_t>(*number, most_timeout.count())};
}

} // namespace

checked<consumer_arguments>
read_consumer_arguments(std::string_view encoded, const routed_queue& of) {
  auto read = decode_field_table(encoded);
  if (!read)
    return protocol_error{
      reply_code::syntax_error, "arguments: " + read.error().detail};
  auto made = consumer_arguments{};
  if (auto* given = find(*read, "x-priority")) {
    auto priority = to_priority(*given);
    if (!priority) return wrong("x-priority", of, "an integer");
    made.priority = *priority;
  }
  if (auto* given = find(*read, timeout_argument)) {
    made.timeout = to_timeout(*given);
    if (!made.timeout)
      return wrong(
        timeout_argument, of, "an integer of milliseconds, 0 or more");
  }
  return made;
}

std::optional<duration> consumer_timeout(const routed_queue& of) {
  if (!of.declared) return std::nullopt;
  auto* given = find(of.declared->arguments, timeout_argument);
  return given ? to_timeout(*given) : std::nullopt;
}

} // namespace troupe::amqp
