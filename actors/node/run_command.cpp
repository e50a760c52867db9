#include "actors/edge/control_socket.hpp"
#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "actors/node/node.hpp"
#include "actors/node/progress_line.hpp"
#include "engine/handlers/handler_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr auto progress_interval = std::chrono::milliseconds{20};

// Of a member, which asks the others.
constexpr auto shared_progress_interval = std::chrono::milliseconds{250};

// How often to say what keeps a run from its end that nobody here can change.
constexpr auto waiting_interval = std::chrono::seconds{30};

/// One run of a node, from its start to its exit code.
class run {
public:
  run(const command_line& line, const checked_config& what)
    : line_{line}, what_{what} {}

  int go() {
    auto started =
      node::start(what_, *line_.handlers, [this](const std::string& why) {
        asio::post(io_, [this, why] { stop(exit_unavailable, why); });
      });
    if (!started) return refuse(started.error());
    node_ = std::move(*started);
    auto socket =
      control_socket::open(io_, what_.config.node.data_dir, node_->answers());
    if (!socket) return refuse(socket.error());
    spdlog::info("node {} is up", what_.config.node.name);
    signals_.async_wait([this](auto ec, int signal) { on_signal(ec, signal); });
    if (line_.until_done) look_later();
    io_.run();
    socket->reset();
    return finish();
  }

  /// Stops the node as SIGTERM does. Any thread may call it.
  void ask_to_stop() {
    asio::post(io_, [this] { stop(0, "asked to"); });
  }

private:
  int refuse(const error& why) {
    std::cerr << "error: " << why.detail << '\n';
    switch (why.code) {
      case errc::in_use: return exit_try_again;
      case errc::not_found: return exit_no_input;
      case errc::cannot_create: return exit_cannot_create;
      case errc::bad_config:
      case errc::newer_format: return exit_config;
      case errc::bad_input: return exit_bad_input;
      default: return exit_io;
    }
  }

  void on_signal(const boost::system::error_code& ec, int signal) {
    if (ec) return;
    stop(0, signal == SIGINT ? "SIGINT" : "SIGTERM");
  }

  void stop(int code, const std::string& why) {
    if (code_) return;
    code_ = code;
    // A second signal does not wait for handlers that take their time.
    std::signal(SIGINT, [](int) { std::_Exit(130); });
    std::signal(SIGTERM, [](int) { std::_Exit(143); });
    spdlog::info("stopping: {}", why);
    progress_.clear();
    io_.stop();
  }

  void look_later() {
    timer_.expires_after(
      what_.config.cluster ? shared_progress_interval : progress_interval);
    timer_.async_wait([this](auto ec) {
      if (!ec && !code_) look();
    });
  }

  /// Looks on a thread of its own: signals are not to wait for it.
  void look() {
    asio::post(looker_, [this] {
      auto now = node_->look();
      auto is_last = is_last_look(now);
      // Others have to hear of it; where they cannot, this looks again.
      if (is_last && !now.is_over) is_last = node_->conclude(now.failure);
      asio::post(io_, [this, is_last, seen = std::move(now)] {
        if (!code_) looked(seen, is_last);
      });
    });
  }

  /// Done is what three looks in a row find done, with nothing handled between.
  bool is_last_look(const work_progress& now) {
    auto is_still = now.is_done() && now.counts == counts_before_;
    counts_before_ = now.counts;
    quiet_looks_ = is_still ? quiet_looks_ + 1 : 0;
    auto has_failed = !now.failure.empty() && now.in_flight == 0;
    return now.is_over || has_failed || quiet_looks_ >= 2;
  }

  void looked(const work_progress& now, bool is_last) {
    progress_.show(now.handled, now.to_handle);
    tell_waiting(now.waits_for);
    if (!is_last) return look_later();
    if (now.failure.empty())
      stop(0, "all is done");
    else
      stop(exit_bad_input, now.failure);
  }

  /// Says who is waited for, where that takes long.
  void tell_waiting(const std::string& for_whom) {
    auto now = std::chrono::steady_clock::now();
    if (for_whom.empty() || !waits_since_) {
      waits_since_ = now;
    } else if (now - *waits_since_ >= waiting_interval) {
      waits_since_ = now;
      spdlog::warn(
        "not done yet: this waits for {}; where the other members have ended, "
        "start them again or stop this one",
        for_whom);
    }
  }

  int finish() {
    looker_.join();
    auto in_time = node_->stop(what_.config.node.shutdown_grace);
    if (!in_time) {
      spdlog::warn(
        "some handlers did not end within {} ms; what they held will be "
        "handled again",
        what_.config.node.shutdown_grace.count());
      *code_ = exit_grace_exceeded;
    } else {
      spdlog::info("stopped; nothing is lost");
    }
    if (!in_time || handler_thread::abandoned() > 0) {
      spdlog::shutdown();
      std::_Exit(*code_); // nobody can wait for a thread that hangs
    }
    node_.reset();
    return *code_;
  }

  const command_line& line_;
  const checked_config& what_;
  asio::io_context io_;
  asio::signal_set signals_{io_, SIGINT, SIGTERM};
  asio::steady_timer timer_{io_};
  std::unique_ptr<node> node_;
  progress_line progress_{"handled"};
  std::optional<int> code_;
  std::optional<std::chrono::steady_clock::time_point> waits_since_;
  asio::thread_pool looker_{1};
  // of the looker
  std::vector<std::uint64_t> counts_before_;
  int quiet_looks_ = 0;
};

void set_up_log(const command_line& line, const node_config& config) {
  // Data goes to standard output, words to standard error.
  spdlog::set_default_logger(spdlog::stderr_color_mt("troupe"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  spdlog::set_level(spdlog::level::from_str(config.log_level));
  if (line.is_quiet) spdlog::set_level(spdlog::level::warn);
  if (line.is_verbose) spdlog::set_level(spdlog::level::debug);
}

} // namespace

int run_command(const command_line& line) {
  auto loaded = load_configuration(line);
  if (!loaded) return exit_code_of_faults(line);
  if (!line.data_dir.empty()) loaded->config.node.data_dir = line.data_dir;
  set_up_log(line, loaded->config.node);
  return run{line, *loaded}.go();
}

} // namespace troupe
