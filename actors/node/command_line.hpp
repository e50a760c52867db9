#pragma once

#include <troupe/registry.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// What was said on the command line, whatever the subcommand.
struct command_line {
  std::vector<std::filesystem::path> files;   // -c
  std::vector<std::filesystem::path> folders; // -C: every *.toml in them
  std::filesystem::path data_dir;             // instead of a configuration's
  bool as_json = false;
  bool until_done = false;
  bool is_offline = false;
  bool deny_warnings = false;
  bool is_quiet = false;
  bool is_verbose = false;
  bool is_effective = false;
  bool says_yes = false;
  bool accepts_loss = false;
  std::string format;
  std::string topic;   // a queue, a handler, a fault id, a shell, a member
  std::string without; // a member that a plan does without
  std::uint64_t limit = 0;
  std::optional<std::uint32_t> replicas;      // that a cluster is to keep
  std::vector<std::filesystem::path> surveys; // of `recover survey`
  std::filesystem::path recovery;             // of `recover write`
  const registry* handlers = nullptr;
};

// One function a subcommand; each returns the exit code.
int run_command(const command_line& line);
int validate_command(const command_line& line);
int graph_command(const command_line& line);
int show_config_command(const command_line& line);
int show_status_command(const command_line& line);
int explain_command(const command_line& line);
int queue_ls_command(const command_line& line);
int dlq_ls_command(const command_line& line);
int dlq_show_command(const command_line& line);
int dlq_replay_command(const command_line& line);
int state_ls_command(const command_line& line);
int storage_verify_command(const command_line& line);
int hash_password_command(const command_line& line);
int version_command(const command_line& line);

} // namespace troupe
