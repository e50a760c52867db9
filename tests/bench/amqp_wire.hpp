#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::bench::amqp {

// AMQP 0-9-1 by hand: no client library and none of the program's own code, so
// that what is measured is the broker alone.

constexpr std::string_view protocol_header{"AMQP\0\0\x9\x1", 8};

enum class kind : std::uint8_t { method = 1, header = 2, body = 3 };

/// Names methods by class and number, as they stand on the wire.
enum class method : std::uint32_t {
  start = 10 << 16 | 10,
  start_ok = 10 << 16 | 11,
  tune = 10 << 16 | 30,
  tune_ok = 10 << 16 | 31,
  open = 10 << 16 | 40,
  open_ok = 10 << 16 | 41,
  close = 10 << 16 | 50,
  close_ok = 10 << 16 | 51,
  channel_open = 20 << 16 | 10,
  channel_open_ok = 20 << 16 | 11,
  channel_close = 20 << 16 | 40,
  queue_declare = 50 << 16 | 10,
  queue_declare_ok = 50 << 16 | 11,
  queue_delete = 50 << 16 | 40,
  queue_delete_ok = 50 << 16 | 41,
  qos = 60 << 16 | 10,
  qos_ok = 60 << 16 | 11,
  consume = 60 << 16 | 20,
  consume_ok = 60 << 16 | 21,
  publish = 60 << 16 | 40,
  deliver = 60 << 16 | 60,
  ack = 60 << 16 | 80,
  nack = 60 << 16 | 120,
  confirm_select = 85 << 16 | 10,
  confirm_select_ok = 85 << 16 | 11,
};

/// Reads and writes big-endian numbers at the front of bytes.
std::uint64_t number(std::string_view bytes, std::size_t width);
void append_number(std::string& out, std::uint64_t x, std::size_t width);

/// A frame that lies in an inbox; good until that is filled again.
struct frame {
  amqp::kind kind = kind::method;
  std::uint16_t channel = 0;
  std::string_view payload; // of a method: behind its number
  method name = {};         // of a method
  std::string_view whole;   // with head and end, to be passed on
};

/// Appends a method's frame when it goes out of scope.
class outgoing_method {
public:
  outgoing_method(std::string& out, method name, std::uint16_t channel = 1);
  ~outgoing_method();
  outgoing_method(const outgoing_method&) = delete;
  outgoing_method& operator=(const outgoing_method&) = delete;

  outgoing_method& number(std::uint64_t x, std::size_t width);
  outgoing_method& short_text(std::string_view text);
  outgoing_method& long_text(std::string_view text);

private:
  std::string& out_;
  std::size_t start_;
};

/// Appends header and body of a message.
void append_content(
  std::string& out, std::string_view body, bool is_persistent);

/// Bytes that came and have not been looked at.
class inbox {
public:
  inbox();
  /// Reads what is there without waiting. False at the end of the stream.
  bool fill(int socket);
  /// Returns the next whole frame.
  std::optional<frame> next();
  /// Drops bytes at the front, where they are there.
  bool skip(std::size_t bytes);

private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

} // namespace troupe::bench::amqp
