#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace troupe {

/// What becomes of a message that was handled.
class outcome {
public:
  enum class kind : std::uint8_t { ack, retry, dead_letter };

  kind what() const { return kind_; }

  /// Why it was not acked, in words a person can act on.
  const std::string& reason() const { return reason_; }

  /// How long to wait before the next attempt; nothing leaves it to the
  /// stage's retry policy.
  std::optional<std::chrono::milliseconds> delay() const { return delay_; }

  friend outcome ack() { return {}; }

  /// Tries the message again by the stage's policy; attempts exhausted, it is
  /// dead-lettered.
  friend outcome retry(std::string reason);
  friend outcome
  retry_after(std::chrono::milliseconds delay, std::string reason);

  /// Sends the message to the stage's dead-letter output at once.
  friend outcome dead_letter(std::string reason);

private:
  kind kind_ = kind::ack;
  std::string reason_;
  std::optional<std::chrono::milliseconds> delay_;
};

/// The message is done: it, what it emitted and what it changed in the state
/// are one commit.
outcome ack();

inline outcome retry(std::string reason) {
  auto result = outcome{};
  result.kind_ = outcome::kind::retry;
  result.reason_ = std::move(reason);
  return result;
}

inline outcome
retry_after(std::chrono::milliseconds delay, std::string reason = {}) {
  auto result = retry(std::move(reason));
  result.delay_ = delay;
  return result;
}

inline outcome dead_letter(std::string reason) {
  auto result = retry(std::move(reason));
  result.kind_ = outcome::kind::dead_letter;
  return result;
}

} // namespace troupe
