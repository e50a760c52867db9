#pragma once

#include <amqp.h>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe::clients {

/// Says which expectation did not hold.
struct broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void expect(bool holds, const std::string& sentence);

/// Fails with what was seen and wanted unless they are the same.
void expect_same(
  const std::string& seen,
  const std::string& wanted,
  const std::string& sentence);

/// A message as it came.
struct received {
  std::string body;
  std::uint64_t tag = 0;
  bool redelivered = false;
};

amqp_bytes_t bytes(std::string_view text);

/// A connection of librabbitmq with channel 1 open. Throws `broken` with the
/// broker's own text where a call is refused; closes with the object.
class session {
public:
  /// Connects to AMQP_HOST and AMQP_PORT.
  explicit session(std::string_view password = "guest");
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  amqp_connection_state_t connection() { return connection_; }

  /// Returns the code the broker closed channel or connection with in answer
  /// to the last call; 0 where it did not.
  int refusal();
  /// Throws unless the last call was answered.
  void check(const char* call);

  std::string new_queue(amqp_table_t arguments = amqp_empty_table);
  void publish(
    std::string_view queue,
    std::string_view body,
    std::string_view exchange = "",
    bool is_mandatory = false);
  /// Waits until the broker has confirmed the publish of this number.
  void wait_for_confirm(std::uint64_t number);
  std::string consume(const std::string& queue);
  /// Waits for the next delivery, at most so long.
  received next(std::chrono::seconds patience = std::chrono::seconds{20});
  std::optional<received> get(const std::string& queue);
  void ack(std::uint64_t tag, bool with_all_before = false);

  /// Abandons the connection without any goodbye.
  void drop();

private:
  amqp_connection_state_t connection_;
  std::uint64_t confirmed_ = 0;
};

/// Asks the broker's keeper for "restart" or "kill", and waits until done.
void control(std::string_view command);

} // namespace troupe::clients
