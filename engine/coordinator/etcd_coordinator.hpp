#pragma once

#include "engine/coordinator/coordinator.hpp"
#include "engine/coordinator/http_line.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace troupe {

struct etcd_options {
  std::vector<endpoint> endpoints; // of etcd's clients; at least one
  std::optional<client_tls_options> tls = {};
  /// Until each request is answered, whatever happens.
  duration request_limit{3000};
  /// For one endpoint to accept a connection, to answer a read, or to begin a
  /// watch, before another is tried.
  duration attempt_limit{1000};
  /// A watch that says nothing for so long is begun anew at another endpoint:
  /// the bound for how long one that is stuck goes unnoticed.
  duration watch_silence{10'000};
  std::size_t connections = 4; // at most, besides one a watch
};

/// The coordinator that is an etcd, 3.4 or later, by its JSON gateway. Runs on
/// a context that one thread runs and that outlives it; calls may come from
/// any thread, callbacks come on the context's. Destroyed on another thread, a
/// callback that runs there may still end.
///
/// Endpoints are taken for members of one cluster. The first that answers says
/// which; answers of another cluster, or from further back than an answer
/// before, are errors.
class etcd_coordinator final : public coordinator {
public:
  /// Connects to nothing yet. Fails with `bad_config`.
  static result<std::unique_ptr<etcd_coordinator>>
  open(boost::asio::io_context& context, etcd_options options);

  ~etcd_coordinator() override;

  void range(
    std::string prefix, std::function<void(result<kept_range>)> done) override;
  void txn(txn_request what, std::function<void(txn_answer)> done) override;
  std::unique_ptr<watching> watch(
    std::string prefix,
    revision after,
    std::function<void(watch_notice)> on_change) override;
  /// The `ttl` is rounded up to seconds, and etcd has a least of its own: one
  /// and a half times its election timeout.
  void open_session(duration ttl, session_events events) override;
  void close() override;

  class core;

private:
  explicit etcd_coordinator(std::shared_ptr<core> made);

  // Shared with what runs on the context.
  std::shared_ptr<core> core_;
};

} // namespace troupe
