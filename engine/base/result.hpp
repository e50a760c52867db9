#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>

namespace troupe {

/// The ways a call can fail. Add a code only when some caller acts on it;
/// otherwise say more in `error::detail`.
enum class errc : std::uint8_t {
  none, // CAF reads zero as success, so no failure may be zero
  bad_config,
  bad_input,
  not_found,
  in_use,         // another process holds it
  newer_format,   // written by a later release
  corrupt,        // a checksum or a length does not fit
  storage_failed, // the disk refused
  cannot_create,
  refused,
};

/// Returns the code's own name, as logs and the console show it.
std::string to_string(errc code);

/// A failure: its kind, and one sentence a person can act on.
struct error {
  errc code = errc::none;
  std::string detail;
  bool operator==(const error&) const = default;
};

/// A value, or the reason there is none.
template <class T = void>
using result = boost::system::result<T, error>;

/// What `result::value()` throws on a failure. Only tests and `main` call it.
[[noreturn]] inline void
throw_exception_from_error(const error& e, const boost::source_location&) {
  throw std::runtime_error{e.detail};
}

} // namespace troupe
