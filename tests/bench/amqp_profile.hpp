#pragma once

#include "tests/bench/amqp_ends.hpp"

#include <optional>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace troupe::bench::amqp {

/// Reads a profile that is written out, such as
/// "durable,quorum,window=64,size=100,queues=10,prefix=mine". It begins with
/// "durable" or "transient" and has its text as its name. Nothing where the
/// text is no such thing, or a number is 0 or absurd.
std::optional<profile> parse_profile(std::string_view text);

/// Reads process ids with commas between them; none where one of them is no
/// number above 0.
std::vector<pid_t> parse_processes(std::string_view text);

} // namespace troupe::bench::amqp
