#pragma once

#include "engine/delivery/settlement.hpp"
#include "engine/handlers/stage.hpp"
#include "engine/handlers/state_view.hpp"

#include <string>
#include <vector>

namespace troupe {

/// The context of one message while its handler runs. What it gathers counts
/// only if the message is acked.
class handling final : public context, private state {
public:
  handling(
    const stage& of,
    state_view& view,
    const loaned_run& run,
    std::uint32_t index);

  void emit(std::string_view output, draft message) override;
  troupe::state& state() override;
  std::uint32_t attempt() const override { return attempt_; }
  std::chrono::system_clock::time_point published_at() const override {
    return published_at_;
  }

  const troupe::message& message() const { return message_; }
  position at() const { return at_; }

  /// The order key; empty in a queue without order.
  const std::string& key() const { return key_; }

  std::vector<std::pair<std::string, draft>>& emits() { return emits_; }
  std::vector<state_change>& changes() { return changes_; }

private:
  std::optional<std::string> get(std::string_view name) override;
  void put(std::string_view name, std::string value) override;
  void erase(std::string_view name) override;
  void change(std::string_view name, std::optional<std::string> value);

  const stage* stage_;
  state_view* view_;
  troupe::message message_;
  position at_;
  std::uint32_t attempt_;
  time_point published_at_;
  std::string key_;
  std::vector<std::pair<std::string, draft>> emits_;
  std::vector<state_change> changes_;
};

} // namespace troupe
