#pragma once

#include <string_view>

namespace troupe {

// Exit codes of sysexits.h, as the command line documents them.
constexpr int exit_negative = 1;
constexpr int exit_usage = 64;
constexpr int exit_bad_input = 65;
constexpr int exit_no_input = 66;
constexpr int exit_unavailable = 69;
constexpr int exit_software = 70;
constexpr int exit_cannot_create = 73;
constexpr int exit_io = 74;
constexpr int exit_try_again = 75;
constexpr int exit_config = 78;
constexpr int exit_grace_exceeded = 124;

/// Logs why and ends the process at once, without any cleaning up that could
/// touch a disk nobody can trust any more.
[[noreturn]] void end_process(int code, std::string_view why);

} // namespace troupe
