#pragma once

#include "engine/coordinator/coordinator.hpp"

#include <filesystem>
#include <memory>

namespace troupe {

/// The coordinator of a node that is alone: its truth lies in a store of its
/// own, in a folder of its own, and outlives `kill -9`. Writes and calls back
/// on a thread of its own; must not be destroyed by a callback.
///
/// Sessions end with the process. When the disk refuses a write, the txn is
/// `unknown` and all calls from then on are refused: the process should end,
/// since what the disk holds is only known when it is opened again.
class local_coordinator final : public coordinator {
public:
  /// Opens what is there, or begins anew. Fails as a store does: `in_use`,
  /// `newer_format`, `corrupt`, `cannot_create` or `storage_failed`.
  static result<std::unique_ptr<local_coordinator>>
  open(const std::filesystem::path& folder);

  ~local_coordinator() override;

  void range(
    std::string prefix, std::function<void(result<kept_range>)> done) override;
  void txn(txn_request what, std::function<void(txn_answer)> done) override;
  std::unique_ptr<watching> watch(
    std::string prefix,
    revision after,
    std::function<void(watch_notice)> on_change) override;
  void open_session(duration ttl, session_events events) override;
  void close() override;

  class worker;

private:
  explicit local_coordinator(std::shared_ptr<worker> made);

  // Shared with sessions and watches, which may outlive this.
  std::shared_ptr<worker> worker_;
};

} // namespace troupe
