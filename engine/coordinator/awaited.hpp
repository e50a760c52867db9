#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace troupe {

/// What a coroutine waits with: failures are values, not exceptions.
constexpr auto awaited = boost::asio::as_tuple(boost::asio::use_awaitable);

} // namespace troupe
