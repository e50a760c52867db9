#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace troupe {

/// Why the topology does not do what a client asked: the kind, which AMQP
/// 0-9-1 has a reply code for, and RabbitMQ's text without the code's name.
struct refusal {
  enum class reason : std::uint8_t {
    not_found,
    precondition_failed,
    access_refused,
    resource_locked,
    not_allowed,
    command_invalid,
  };

  reason why = reason::command_invalid;
  std::string text;
  bool operator==(const refusal&) const = default;
};

/// A value, or why there is none.
template <class T = void>
using permitted = boost::system::result<T, refusal>;

/// What `value()` throws on a refusal. Only tests call it.
[[noreturn]] inline void
throw_exception_from_error(const refusal& e, const boost::source_location&) {
  throw std::runtime_error{e.text};
}

} // namespace troupe
