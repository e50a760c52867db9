#pragma once

#include "actors/control.hpp"
#include "engine/base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/thread_pool.hpp>

#include <filesystem>
#include <memory>

namespace troupe {

/// Lets operators talk to a running node through a local socket in its data
/// folder: one JSON object a line in, one a line out. Only the folder's owner
/// can open it.
class control_socket {
public:
  /// Replaces a socket that a killed process left behind: whoever has the
  /// store open owns the folder.
  static result<std::unique_ptr<control_socket>> open(
    boost::asio::io_context& io,
    const std::filesystem::path& data_dir,
    std::shared_ptr<control> answers);

  ~control_socket();

private:
  using socket = boost::asio::local::stream_protocol::socket;
  using acceptor = boost::asio::local::stream_protocol::acceptor;

  control_socket(
    boost::asio::io_context& io,
    std::filesystem::path data_dir,
    std::shared_ptr<control> answers);

  acceptor acceptor_;
  std::filesystem::path data_dir_;
  std::shared_ptr<control> answers_;
  boost::asio::thread_pool workers_{2}; // answers block
};

/// Sends one request to the node that runs on `data_dir` and waits for its
/// answer. Fails with `not_found` when none runs there.
result<boost::json::object> ask_running_node(
  const std::filesystem::path& data_dir, const boost::json::object& request);

} // namespace troupe
