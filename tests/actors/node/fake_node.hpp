#pragma once

#include "actors/edge/control_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

namespace troupe::test {

/// A folder in which a node seems to run.
class fake_node {
public:
  fake_node() {
    auto pattern =
      (std::filesystem::temp_directory_path() / "node-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }

  ~fake_node() {
    stop();
    std::filesystem::remove_all(folder_);
  }

  void start(std::optional<cluster_places> places) {
    auto what = control_places{};
    what.cluster = std::move(places);
    auto answers = std::make_shared<control>(std::move(what));
    answers_ = answers;
    auto opened = control_socket::open(io_, folder_, std::move(answers));
    REQUIRE(opened.has_value());
    socket_ = std::move(*opened);
    thread_ = std::thread{[this] { io_.run(); }};
  }

  /// Stops as a node does; what clients opened is there until the end.
  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
    socket_.reset();
  }

  /// Says whether anybody keeps what answered.
  bool is_kept() const { return !answers_.expired(); }

  std::string folder() const { return folder_.string(); }

private:
  std::filesystem::path folder_;
  boost::asio::io_context io_{1};
  std::weak_ptr<control> answers_;
  std::unique_ptr<control_socket> socket_;
  std::thread thread_;
};

} // namespace troupe::test
