#include "engine/amqp/queue_arguments.hpp"

#include "engine/amqp/names.hpp"
#include "engine/base/stable_hash.hpp"
#include "engine/message/field_lookup.hpp"
#include "engine/routing/key_expression.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace troupe::amqp {

namespace {

// RabbitMQ's own bound for times: what Erlang's timers can wait.
constexpr std::int64_t most_milliseconds = 4'294'967'295;
constexpr std::int64_t most_priority = 255;
constexpr std::uint16_t quorum_levels = 32;
constexpr std::uint32_t quorum_delivery_limit = 20;
constexpr std::uint16_t key_partitions = 64;
constexpr std::size_t most_prefix_bytes = 64;
constexpr std::uint64_t dedup_entries = 128 * 1024;

/// Why an argument is refused, in Erlang's notation, as RabbitMQ shows it.
using complaint = std::optional<std::string>;

std::string wrong_type(const field_value& value) {
  return "{unacceptable_type," + std::string{type_name(value)} + "}";
}

complaint check_at_least(std::int64_t value, std::int64_t least) {
  auto text = std::to_string(value);
  if (value < 0) return "{value_negative," + text + "}";
  if (value < least) return "{value_zero," + text + "}";
  return std::nullopt;
}

// -- one reader an argument

struct reading {
  const declare_queue& from;
  queue_settings& to;
  bool is_quorum = false;
};

using reader = complaint (*)(const field_value&, reading&);

complaint read_time(
  const field_value& value, std::int64_t least, std::optional<duration>& to) {
  auto number = to_integer(value);
  if (!number) return wrong_type(value);
  if (auto wrong = check_at_least(*number, least)) return wrong;
  if (*number > most_milliseconds)
    return "{value_too_big," + std::to_string(*number) + "}";
  to = duration{*number};
  return std::nullopt;
}

complaint
read_count(const field_value& value, std::int64_t least, std::uint64_t& to) {
  auto number = to_integer(value);
  if (!number) return wrong_type(value);
  if (auto wrong = check_at_least(*number, least)) return wrong;
  to = static_cast<std::uint64_t>(*number);
  return std::nullopt;
}

complaint read_text(const field_value& value, std::string& to) {
  auto* text = std::get_if<std::string>(&value.value);
  if (!text) return wrong_type(value);
  to = *text;
  return std::nullopt;
}

complaint read_flag(const field_value& value, bool& to) {
  auto* flag = std::get_if<bool>(&value.value);
  if (!flag) return wrong_type(value);
  to = *flag;
  return std::nullopt;
}

complaint check_integer(const field_value& value, reading&) {
  auto number = to_integer(value);
  return number ? check_at_least(*number, 0) : wrong_type(value);
}

complaint check_text(const field_value& value, reading&) {
  auto text = std::string{};
  return read_text(value, text);
}

complaint read_overflow(const field_value& value, reading& in) {
  auto text = std::string{};
  if (auto wrong = read_text(value, text)) return wrong;
  auto& to = in.to.options.overflow;
  if (text == "drop-head")
    to = overflow::drop_head;
  else if (text == "reject-publish")
    to = overflow::reject_publish;
  else if (text == "reject-publish-dlx")
    to = overflow::reject_publish_dead_letter;
  else
    return "{invalid_overflow,<<\"" + text + "\">>}";
  return std::nullopt;
}

dead_letter_rule& dead_letters_of(reading& in) {
  auto& rule = in.to.options.dead_letters;
  if (!rule) rule.emplace();
  return *rule;
}

complaint read_dead_exchange(const field_value& value, reading& in) {
  return read_text(value, dead_letters_of(in).exchange);
}

complaint read_dead_key(const field_value& value, reading& in) {
  auto has_exchange =
    std::ranges::any_of(in.from.arguments.fields, [](const field& x) {
      return x.name == "x-dead-letter-exchange";
    });
  if (!has_exchange) return "routing_key_but_no_dlx_defined";
  return read_text(value, dead_letters_of(in).routing_key.emplace());
}

complaint read_dead_strategy(const field_value& value, reading&) {
  auto text = std::string{};
  if (auto wrong = read_text(value, text)) return wrong;
  // Dead letters are committed with their settlement here: both are kept.
  if (text == "at-most-once" || text == "at-least-once") return std::nullopt;
  return "{invalid_dlx_strategy,<<\"" + text + "\">>}";
}

complaint read_levels(const field_value& value, reading& in) {
  auto number = to_integer(value);
  if (!number) return wrong_type(value);
  if (auto wrong = check_at_least(*number, 0)) return wrong;
  if (*number > most_priority)
    return "{max_value_exceeded," + std::to_string(*number) + "}";
  auto& options = in.to.options;
  options.by_priority = *number > 0;
  options.partitions = static_cast<std::uint16_t>(*number + 1);
  if (options.by_priority) // 256 levels would not fit a partition's number
    options.partitions = std::min<std::uint16_t>(options.partitions, 256);
  return std::nullopt;
}

complaint read_type(const field_value& value, reading& in) {
  auto text = std::string{};
  if (auto wrong = read_text(value, text)) return wrong;
  in.is_quorum = text == "quorum";
  if (text == "classic" || text == "quorum") return std::nullopt;
  return "\"unsupported queue type '" + text + "'\"";
}

complaint read_delivery_limit(const field_value& value, reading& in) {
  auto number = to_integer(value);
  if (!number) return wrong_type(value);
  if (*number >= 0)
    in.to.options.delivery_limit =
      static_cast<std::uint32_t>(std::min<std::int64_t>(*number, UINT32_MAX));
  else
    in.to.options.delivery_limit.reset();
  return std::nullopt;
}

dedup_rule& dedup_of(reading& in) {
  auto& rule = in.to.options.dedup;
  if (!rule) rule = dedup_rule{"x-deduplication-header", dedup_entries, {}};
  return *rule;
}

complaint read_dedup(const field_value& value, reading& in) {
  auto on = false;
  if (auto wrong = read_flag(value, on)) return wrong;
  if (on) dedup_of(in);
  return std::nullopt;
}

bool is_on(const field_table& all, std::string_view name) {
  return std::ranges::any_of(all.fields, [&](const field& x) {
    return x.name == name && x.value == field_value{true};
  });
}

/// The settings of a cache that is off mean nothing.
template <auto Read>
complaint read_dedup_part(const field_value& value, reading& in) {
  if (!is_on(in.from.arguments, "x-message-deduplication")) return std::nullopt;
  return Read(value, dedup_of(in));
}

complaint read_dedup_header(const field_value& value, dedup_rule& to) {
  return read_text(value, to.header);
}

complaint read_dedup_size(const field_value& value, dedup_rule& to) {
  return read_count(value, 1, to.most);
}

complaint read_dedup_time(const field_value& value, dedup_rule& to) {
  return read_time(value, 1, to.ttl);
}

/// `x-order-key`: what TOML writes as `order.key`.
complaint read_order_key(const field_value& value, reading& in) {
  auto& options = in.to.options;
  if (auto wrong = read_text(value, options.order_key)) return wrong;
  auto parsed = key_expression::parse(options.order_key);
  if (!parsed) return "\"" + parsed.error().detail + "\"";
  options.partitions = key_partitions;
  options.key = [key = *parsed](const message& m) {
    auto scratch = std::string{};
    return stable_hash(key.value(m, scratch).value_or(""));
  };
  return std::nullopt;
}

complaint ignore(const field_value&, reading&) { return std::nullopt; }

struct argument {
  std::string_view name;
  reader read;
};

constexpr argument arguments[] = {
  {"x-message-ttl",
   [](const field_value& value, reading& in) {
     return read_time(value, 0, in.to.options.message_ttl);
   }},
  {"x-expires",
   [](const field_value& value, reading& in) {
     return read_time(value, 1, in.to.expires);
   }},
  {"x-max-length",
   [](const field_value& value, reading& in) {
     return read_count(value, 0, in.to.options.max_length);
   }},
  {"x-max-length-bytes",
   [](const field_value& value, reading& in) {
     return read_count(value, 0, in.to.options.max_bytes);
   }},
  {"x-overflow", read_overflow},
  {"x-dead-letter-exchange", read_dead_exchange},
  {"x-dead-letter-routing-key", read_dead_key},
  {"x-dead-letter-strategy", read_dead_strategy},
  {"x-max-priority", read_levels},
  {"x-single-active-consumer",
   [](const field_value& value, reading& in) {
     return read_flag(value, in.to.options.is_single_active);
   }},
  {"x-queue-type", read_type},
  {"x-delivery-limit", read_delivery_limit},
  {"x-message-deduplication", read_dedup},
  {"x-deduplication-header", read_dedup_part<read_dedup_header>},
  {"x-cache-size", read_dedup_part<read_dedup_size>},
  {"x-cache-ttl", read_dedup_part<read_dedup_time>},
  {"x-order-key", read_order_key},
  {"x-consumer-timeout", check_integer}, // `consumer_timeout` reads it
  // Known to RabbitMQ, and checked as there, but of no use to one node.
  {"x-consumer-disconnected-timeout", check_integer},
  {"x-queue-leader-locator", check_text},
  {"x-quorum-initial-group-size", check_integer},
  {"x-initial-cluster-size", check_integer},
  {"x-max-in-memory-length", check_integer},
  {"x-max-in-memory-bytes", check_integer},
  {"x-delayed-retry-type", check_text},
  {"x-delayed-retry-min", check_integer},
  {"x-delayed-retry-max", check_integer},
  {"x-queue-mode", ignore},
  {"x-queue-version", ignore},
  {"x-queue-master-locator", ignore},
  {"x-ha-policy", ignore},
};

refused refuse(const declare_queue& from, const field& by, std::string why) {
  return {
    reply_code::precondition_failed, "invalid arg '" + by.name + "' for queue '"
                                       + from.name + "' in vhost '" + from.vhost
                                       + "': " + why};
}

bool is_stream(const declare_queue& from) {
  return std::ranges::any_of(from.arguments.fields, [](const field& x) {
    return x.name == "x-queue-type"
           && x.value == field_value{std::string{"stream"}};
  });
}

/// A quorum queue orders by priority, counts deliveries and gives up on
/// messages that come back too often, unless told otherwise.
void complete_quorum(queue_settings& to, bool has_limit) {
  auto& options = to.options;
  options.counts_deliveries = true;
  if (!has_limit) options.delivery_limit = quorum_delivery_limit;
  if (options.by_priority || options.key) return;
  options.by_priority = true;
  options.partitions = quorum_levels;
}

complaint check_together(const queue_settings& all) {
  if (all.options.key && all.options.by_priority)
    return "\"a queue keeps order by key or by priority, not both: leave out "
           "x-max-priority or x-order-key\"";
  return std::nullopt;
}

} // namespace

std::variant<queue_settings, refused>
read_queue_arguments(const declare_queue& from) {
  if (is_stream(from))
    return refused{
      reply_code::not_implemented,
      "queue '" + from.name
        + "' asks for x-queue-type = stream, which Troupe does not have: "
          "declare it as classic or quorum"};
  auto made = queue_settings{};
  made.options.vhost = from.vhost;
  made.options.name = from.name;
  made.options.is_durable = from.durable;
  made.options.lends_unstored = true; // as clients know it
  made.options.overflow = overflow::drop_head;
  auto in = reading{from, made};
  auto has_limit = false;
  for (const auto& x : from.arguments.fields) {
    auto* known = std::ranges::find(arguments, x.name, &argument::name);
    if (known == std::end(arguments)) continue;
    if (auto wrong = known->read(x.value, in))
      return refuse(from, x, std::move(*wrong));
    if (known->read == ignore) made.ignored.push_back(x.name);
    has_limit |= x.name == "x-delivery-limit";
    if (x.name == "x-order-key" || x.name == "x-max-priority")
      if (auto wrong = check_together(made))
        return refuse(from, x, std::move(*wrong));
  }
  if (in.is_quorum) complete_quorum(made, has_limit);
  if (auto& rule = made.options.dead_letters)
    rule->output = "amqp:" + from.vhost;
  return made;
}

std::variant<std::string, refused> name_prefix(const declare_queue& from) {
  const auto name = std::string{"x-name-prefix"};
  const auto* given = find(from.arguments, name);
  if (!given) return std::string{"amq.gen-"};
  auto prefix = std::string{};
  auto wrong = read_text(*given, prefix);
  if (!wrong && prefix.size() > most_prefix_bytes)
    wrong = "{value_too_long," + std::to_string(prefix.size()) + "}";
  if (wrong) return refuse(from, {name, *given}, std::move(*wrong));
  if (prefix.starts_with("amq."))
    return refused{
      reply_code::access_refused,
      "queue name '" + prefix + "' contains reserved prefix 'amq.*'"};
  return plain_name(prefix) + '-';
}

} // namespace troupe::amqp
