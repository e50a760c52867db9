#pragma once

#include "engine/coordinator/etcd_arguments.hpp"
#include "engine/coordinator/http_line.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace troupe {

struct managed_etcd_options {
  etcd_settings settings;
  /// Where clients reach the other members, to have a lost one replaced.
  std::vector<endpoint> others = {};
  std::optional<client_tls_options> others_tls = {};
  duration look_every{250};
  duration stop_limit{5000}; // until an etcd that is to stop is killed
};

struct managed_etcd_state {
  pid_t process = 0;          // 0: none runs
  bool is_healthy = false;    // it answers, and there is a leader
  std::uint32_t failures = 0; // in a row
  bool operator==(const managed_etcd_state&) const = default;
};

/// An etcd as a node's child: started, watched over, started again, adopted
/// when it already runs, replaced when its data is lost. It outlives this
/// object, and the process, unless it is told to stop. Runs on a context that
/// one thread runs and that outlives it; called on that thread.
class managed_etcd {
public:
  /// Checks the settings and the program, for which it waits some ms, and
  /// begins. `on_notice` gets sentences for the log, on the context's thread.
  /// Fails with `bad_config`, `cannot_create` or `not_found`.
  static result<std::unique_ptr<managed_etcd>> open(
    boost::asio::io_context& context,
    managed_etcd_options options,
    std::function<void(const std::string&)> on_notice);

  /// Leaves etcd running.
  ~managed_etcd();

  managed_etcd_state state() const;

  /// Stops etcd and calls `done` when it has ended.
  void stop(std::function<void()> done);

  class core;

private:
  explicit managed_etcd(std::shared_ptr<core> made);

  // Shared with what runs on the context.
  std::shared_ptr<core> core_;
};

} // namespace troupe
