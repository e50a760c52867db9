#pragma once

#include "engine/base/backoff.hpp"
#include "engine/coordinator/etcd_coordinator.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <set>

namespace troupe {

/// What became of a request to etcd's gateway: its answer, or why there is
/// none.
struct etcd_reply {
  enum class kind : std::uint8_t {
    answered, // with status 200
    refused,  // nothing was done, for sure
    unknown,  // maybe done
  };
  kind what = kind::unknown;
  std::string text; // JSON, or a sentence
};

struct etcd_question {
  std::string path; // "/v3/kv/range"
  std::string json;
  /// May be asked again where no answer came: it changes nothing, or twice is
  /// as good as once.
  bool is_repeatable = false;
  std::function<void(etcd_reply)> done;
};

/// Carries requests to whichever endpoint answers, over some connections, each
/// until its deadline at the latest. On the context's thread alone. Kept by
/// what runs on the context.
class etcd_calls : public std::enable_shared_from_this<etcd_calls> {
public:
  etcd_calls(
    boost::asio::io_context& context,
    const etcd_options& options,
    std::shared_ptr<client_tls> tls);

  /// Asks, and calls `done` once, not within this call.
  void ask(etcd_question what);

  /// Gives up what is not answered. What is asked from then on is a farewell:
  /// it gets one attempt's time, and after the last the lanes end.
  void close();

  /// Makes a connection of another kind, and says where to.
  std::unique_ptr<http_line> make_line() const;
  const endpoint& preferred() const;

  /// Says that an endpoint did not serve: the next is preferred then.
  void on_failed(const endpoint& where);

private:
  struct call;
  using call_ptr = std::shared_ptr<call>;
  using time = http_line::deadline;
  template <class T>
  using task = boost::asio::awaitable<T>;

  void finish(const call_ptr& what, etcd_reply reply);
  void on_deadline(const call_ptr& what);
  void wake();
  static task<void> run_lane(std::shared_ptr<etcd_calls> self);
  task<call_ptr> next_call();
  call_ptr take_call();
  task<void> serve(std::unique_ptr<http_line>& line, call_ptr what);
  task<bool>
  connect(std::unique_ptr<http_line>& line, const call_ptr& what, time until);
  task<bool> attempt(http_line& line, const call_ptr& what);
  bool is_final(const call_ptr& what, const http_reply& reply);
  task<void> pause(std::uint32_t failures, time until);
  time until(const call_ptr& what, bool is_whole) const;

  boost::asio::io_context& context_;
  const etcd_options options_;
  std::shared_ptr<client_tls> tls_;
  std::size_t preferred_ = 0;
  // Calls are kept by their timers, so by the context: a question may hold
  // what holds this.
  std::deque<std::weak_ptr<call>> waiting_;
  std::set<std::weak_ptr<call>, std::owner_less<>> open_; // not answered
  boost::asio::steady_timer news_;                        // lanes wait for it
  std::size_t lanes_ = 0;
  std::size_t idle_lanes_ = 0; // that wait and were not woken
  bool is_closed_ = false;
};

} // namespace troupe
