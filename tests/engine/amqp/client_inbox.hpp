#pragma once

#include "engine/amqp/content.hpp"
#include "engine/amqp/frame_reader.hpp"
#include "engine/amqp/methods.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace troupe::amqp::test {

/// What a client got: a method, with its message where it carries one.
struct received {
  std::uint16_t channel = 0;
  method what;
  std::string properties;
  std::string body;
};

/// What came to a client and was not looked at yet.
class client_inbox {
public:
  std::deque<received> inbox;
  int heartbeats = 0;
  std::string offered; // a protocol header that was sent back

protected:
  /// Reads what a server wrote, in pieces as they come.
  void read(const std::string& output) {
    auto bytes = std::string_view{output};
    if (bytes.starts_with("AMQP")) {
      offered = std::string{bytes.substr(0, 8)};
      bytes.remove_prefix(8);
    }
    from_server_.feed(bytes);
    for (;;) {
      auto next = from_server_.next();
      REQUIRE(next.has_value());
      if (!*next) return;
      take(**next);
    }
  }

private:
  void take(const frame& f) {
    const auto& kept = kept_.emplace_back(f.payload);
    switch (f.type) {
      case frame_type::heartbeat: ++heartbeats; return;
      case frame_type::method:
        inbox.push_back({f.channel, decode_method(kept).value(), {}, {}});
        return;
      case frame_type::header:
        inbox.back().properties =
          decode_content_header(kept).value().properties;
        return;
      case frame_type::body: inbox.back().body += kept; return;
    }
  }

  frame_reader from_server_;
  std::deque<std::string> kept_; // what methods in the inbox refer to
};

} // namespace troupe::amqp::test
