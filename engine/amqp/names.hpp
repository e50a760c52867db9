#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::amqp {

/// The queue that stands for the asking client itself (direct reply-to).
inline constexpr auto reply_to = std::string_view{"amq.rabbitmq.reply-to"};

/// Makes names that nobody has: `amq.ctag-hKz...`, 128 bits each. Whoever does
/// not know the seed cannot tell the next one.
class name_maker {
public:
  explicit name_maker(std::uint64_t seed) : state_{seed} {}

  std::string next(std::string_view prefix);

private:
  std::uint64_t random();

  std::uint64_t state_;
};

/// Returns a name of a queue or exchange as RabbitMQ takes it: without CR, LF.
std::string plain_name(std::string_view name);

} // namespace troupe::amqp
