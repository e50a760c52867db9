#pragma once

#include "engine/coordinator/etcd_arguments.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

// What the system is asked about processes and files, for a managed_etcd.

namespace troupe {

/// Starts a process that outlives this one and has none of its files: its own
/// session, nothing to read, all it prints at the end of `log`. Fails with
/// `cannot_create`.
result<pid_t> start_apart(
  const std::string& program,
  const std::vector<std::string>& arguments,
  const std::filesystem::path& log);

/// Runs `program --version` for at most `limit`, and waits for it.
result<etcd_version>
ask_version(const std::string& program, duration limit = duration{5000});

/// True if the process is there and was started with `--data-dir=<folder>`:
/// a number in a file may be another's by now.
bool runs_on(pid_t process, const std::filesystem::path& folder);

/// Finds such a process, 0 if there is none.
pid_t find_running(const std::filesystem::path& folder);

/// True if an etcd holds the lock of its data.
bool is_locked(const std::filesystem::path& folder);

/// True if there is a log of etcd's, without which it would begin anew.
bool has_etcd_data(const std::filesystem::path& folder);

/// Reads a number that `write_number` wrote, 0 if there is none.
pid_t read_number(const std::filesystem::path& file);

/// Replaces a file's content, so that it is there in full or not at all.
result<void> write_number(const std::filesystem::path& file, pid_t number);

/// Moves what is left of a folder aside, to `<folder>.aside`; what was there
/// is removed. Nothing to move is fine.
result<void> move_aside(const std::filesystem::path& folder);

} // namespace troupe
