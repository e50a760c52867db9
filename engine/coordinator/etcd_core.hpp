#pragma once

#include "engine/coordinator/etcd_calls.hpp"
#include "engine/coordinator/etcd_codec.hpp"

#include <atomic>

namespace troupe {

/// A watch: a connection of its own, begun again wherever it breaks.
struct etcd_watch {
  explicit etcd_watch(boost::asio::io_context& context) : pause{context} {}

  std::string prefix;
  revision seen = 0;
  std::function<void(watch_notice)> on_change;
  std::unique_ptr<http_line> line;
  boost::asio::steady_timer pause;
  std::atomic<bool> is_over = false;
};

/// A session: a lease that is kept alive.
struct etcd_lease_keeper {
  explicit etcd_lease_keeper(boost::asio::io_context& context)
    : beat{context} {}

  session_id id{};
  duration ttl{};
  http_line::deadline alive_until; // as far as is known
  std::function<void(std::string)> on_lost;
  boost::asio::steady_timer beat;
  bool is_over = false;
};

/// What an etcd_coordinator does on its context's thread.
class etcd_coordinator::core
  : public std::enable_shared_from_this<etcd_coordinator::core> {
public:
  using watch_ptr = std::shared_ptr<etcd_watch>;
  using lease_ptr = std::shared_ptr<etcd_lease_keeper>;

  core(
    boost::asio::io_context& context,
    const etcd_options& options,
    std::shared_ptr<client_tls> tls);

  /// Runs `act` on the context, with what keeps this alive.
  void post(std::function<void(core&)> act);

  /// Tells nobody anything from now on. From any thread.
  void be_silent() { is_silent_ = true; }

  watch_ptr make_watch();

  // -- on the context's thread

  void range(std::string prefix, std::function<void(result<kept_range>)> done);
  void txn(txn_request what, std::function<void(txn_answer)> done);
  void watch(const watch_ptr& what);
  void end_watch(const watch_ptr& what);
  void open_session(duration ttl, session_events events);
  void end_session(const lease_ptr& what);
  void close();

private:
  template <class T>
  using task = boost::asio::awaitable<T>;
  using self_ptr = std::shared_ptr<core>;

  /// Calls back, unless silent.
  template <class Callback, class... What>
  void tell(const Callback& who, What&&... what) {
    if (!is_silent_ && who) who(std::forward<What>(what)...);
  }

  static error closed();
  void ask(
    std::string path,
    std::string json,
    bool is_repeatable,
    std::function<void(etcd_reply)> done);
  error check_header(const etcd_header& header, revision at_least);
  void note(const etcd_header& header);
  result<kept_range> to_range(
    const etcd_reply& reply, const std::string& prefix, revision at_least);
  txn_answer to_txn(const etcd_reply& reply, const txn_request& asked);

  // -- watches
  static task<void> run_watch(self_ptr self, watch_ptr what);
  task<error> follow(watch_ptr what);
  task<error> read_lines(watch_ptr what);
  bool take_line(const watch_ptr& what, etcd_watch_line line);
  void resync(const watch_ptr& what, std::string why);

  // -- sessions
  void begin_session(const etcd_lease& granted, session_events& events);
  void beat(const lease_ptr& what);
  void keep_alive(const lease_ptr& what);
  void lose(const lease_ptr& what);
  void revoke(session_id which);

  boost::asio::io_context& context_;
  const etcd_options options_;
  std::shared_ptr<etcd_calls> calls_;
  std::set<watch_ptr> watches_;
  std::set<lease_ptr> leases_;
  std::uint64_t cluster_ = 0; // 0: nobody answered yet
  revision newest_ = 0;       // of all answers
  bool is_closed_ = false;
  std::atomic<bool> is_silent_ = false;
};

} // namespace troupe
