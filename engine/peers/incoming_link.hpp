#pragma once

#include "engine/link/link_receiver.hpp"
#include "engine/net/byte_stream.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// The shell of one `link_receiver`: a connection that somebody made. On its
/// context's thread alone.
class incoming_link : public std::enable_shared_from_this<incoming_link> {
public:
  struct events {
    /// It says who it is; `member()` says so afterwards.
    std::function<void(const std::string& member)> on_up;
    std::function<void(const std::string& member, std::string message)>
      on_message;
    std::function<void(const std::string& why)> on_trouble;
  };

  incoming_link(
    std::shared_ptr<byte_stream> stream,
    link_receiver::options options,
    events told);

  void start();
  void tick();
  void handled(std::size_t bytes);
  void stop();

  /// Empty until it has said who it is.
  const std::string& member() const { return member_; }
  bool is_closed() const { return is_closed_; }

private:
  void obey();

  std::shared_ptr<byte_stream> stream_;
  link_receiver receiver_;
  events events_;
  std::string member_;
  bool is_closed_ = false;
};

} // namespace troupe
