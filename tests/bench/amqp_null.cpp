#include "tests/bench/amqp_null.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::bench::amqp {

namespace {

constexpr std::size_t too_much = 1 << 20; // unsent bytes that stop reading

struct connection;

struct queue {
  connection* consumer = nullptr;
  std::uint64_t kept = 0; // messages without a consumer
  std::string content;    // of one of them; all are alike
};

struct connection {
  explicit connection(int socket) : wire(socket) {}

  peer wire;
  bool is_shaken = false; // the protocol header is read
  bool confirms = false;
  std::uint64_t published = 0;
  std::uint64_t confirmed = 0;
  std::string key;        // of the publish under way
  queue* to = nullptr;    // its queue
  std::uint64_t left = 0; // bytes of its body to come
  std::string content;    // its header and what came of its body
  std::uint64_t tag = 0;  // of the last delivery
  std::string deliver;    // the method of a delivery
  queue* from = nullptr;  // of a consumer
  bool is_over = false;
};

/// Serves any number of connections with one thread.
class server {
public:
  explicit server(int listener) : listener_(listener) {}

  [[noreturn]] void run() {
    while (true) step();
  }

private:
  void step() {
    polled_.assign(1, {listener_, POLLIN, 0});
    for (auto& x : all_) polled_.push_back({x->wire.socket(), events(*x), 0});
    ::poll(polled_.data(), polled_.size(), -1);
    for (std::size_t i = 0; i < all_.size(); ++i)
      serve(*all_[i], polled_[i + 1]);
    if (polled_[0].revents != 0) accept();
    for (auto& x : all_)
      if (!x->wire.flush()) x->is_over = true;
    std::erase_if(all_, [&](auto& x) { return x->is_over && forget(*x); });
  }

  void accept() {
    auto x = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (x >= 0) all_.push_back(std::make_unique<connection>(x));
  }

  bool forget(connection& gone) {
    if (gone.from) gone.from->consumer = nullptr;
    return true;
  }

  /// A publisher is read only while its consumer keeps up.
  short events(const connection& x) const {
    auto consumer = x.to ? x.to->consumer : nullptr;
    auto is_held = consumer && consumer->wire.unsent() > too_much;
    auto has_more = x.wire.unsent() > 0 || (x.from && x.from->kept > 0);
    return static_cast<short>(
      (is_held ? 0 : POLLIN) | (has_more ? POLLOUT : 0));
  }

  void serve(connection& x, const pollfd& seen) {
    if ((seen.revents & POLLOUT) != 0) feed_kept(x);
    if ((seen.revents & ~POLLOUT) == 0) return;
    if (!x.wire.fill()) x.is_over = true;
    if (!x.is_shaken) {
      if (!x.wire.skip(protocol_header.size())) return;
      x.is_shaken = true;
      outgoing_method(x.wire.out(), method::start, 0)
        .number(9, 2)
        .long_text("")
        .long_text("PLAIN")
        .long_text("en_US");
    }
    while (auto next = x.wire.next()) take(x, *next);
    confirm(x);
  }

  void confirm(connection& x) {
    if (!x.confirms || x.confirmed == x.published) return;
    x.confirmed = x.published;
    outgoing_method(x.wire.out(), method::ack)
      .number(x.published, 8)
      .number(1, 1);
  }

  void feed(connection& x, std::string_view content) {
    auto at = x.wire.out().size() + tag_at;
    x.wire.out().append(x.deliver);
    ++x.tag;
    for (std::size_t i = 0; i < 8; ++i)
      x.wire.out()[at + i] = static_cast<char>(x.tag >> (8 * (7 - i)));
    x.wire.out().append(content);
  }

  void feed_kept(connection& x) {
    for (; x.from && x.from->kept > 0 && x.wire.unsent() < too_much;
         --x.from->kept)
      feed(x, x.from->content);
  }

  void take(connection& x, const frame& next) {
    if (next.kind == kind::method) return answer(x, next);
    if (!x.to) return;
    x.content.append(next.whole);
    if (next.kind == kind::header)
      x.left = number(next.payload.substr(4), 8);
    else
      x.left -= std::min<std::uint64_t>(x.left, next.payload.size());
    if (x.left == 0) on_message(x);
  }

  void on_message(connection& x) {
    ++x.published;
    if (x.to->consumer) return feed(*x.to->consumer, x.content);
    ++x.to->kept;
    if (x.to->content.empty()) x.to->content = x.content;
  }

  /// A publish names its queue by the key, behind an empty exchange.
  void on_publish(connection& x, std::string_view arguments) {
    auto key = arguments.substr(4, number(arguments.substr(3), 1));
    if (!x.to || key != x.key) {
      x.key = key;
      x.to = &queues_[x.key];
    }
    x.content.clear();
  }

  void on_consume(connection& x, std::string_view arguments) {
    auto name =
      std::string{arguments.substr(3, number(arguments.substr(2), 1))};
    x.from = &queues_[name];
    x.from->consumer = &x;
    outgoing_method(x.wire.out(), method::consume_ok).short_text("load");
    x.deliver.clear();
    outgoing_method(x.deliver, method::deliver)
      .short_text("load")
      .number(0, 8)
      .number(0, 1)
      .short_text("")
      .short_text(name);
  }

  void on_declare(connection& x, std::string_view arguments) {
    auto name =
      std::string{arguments.substr(3, number(arguments.substr(2), 1))};
    queues_[name] = {};
    outgoing_method(x.wire.out(), method::queue_declare_ok)
      .short_text(name)
      .number(0, 8);
  }

  void answer(connection& x, const frame& asked) {
    auto& out = x.wire.out();
    switch (asked.name) {
      case method::publish: return on_publish(x, asked.payload);
      case method::consume: return on_consume(x, asked.payload);
      case method::queue_declare: return on_declare(x, asked.payload);
      case method::start_ok:
        outgoing_method(out, method::tune, 0)
          .number(2047, 2)
          .number(131072, 4)
          .number(0, 2);
        return;
      case method::open:
        outgoing_method(out, method::open_ok, 0).number(0, 1);
        return;
      case method::channel_open:
        outgoing_method(out, method::channel_open_ok).number(0, 4);
        return;
      case method::confirm_select:
        x.confirms = true;
        outgoing_method(out, method::confirm_select_ok);
        return;
      case method::qos: outgoing_method(out, method::qos_ok); return;
      case method::queue_delete:
        outgoing_method(out, method::queue_delete_ok).number(0, 4);
        return;
      default: // acks, and what needs no answer
        return;
    }
  }

  static constexpr std::size_t tag_at = 7 + 4 + 1 + 4; // behind "load"

  int listener_;
  std::vector<pollfd> polled_;
  std::vector<std::unique_ptr<connection>> all_;
  std::map<std::string, queue> queues_; // for good: others point into it
};

/// Listens on a free port of the loopback; returns socket and port.
std::pair<int, std::uint16_t> listen() {
  auto x = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = sockaddr_in{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto there = reinterpret_cast<sockaddr*>(&address);
  auto size = socklen_t{sizeof address};
  auto is_good = ::bind(x, there, size) == 0 && ::listen(x, 64) == 0
                 && ::getsockname(x, there, &size) == 0;
  if (!is_good) throw std::runtime_error{"cannot listen on the loopback"};
  return {x, ntohs(address.sin_port)};
}

} // namespace

null_broker::null_broker() {
  auto [listener, port] = listen();
  where_.port = port;
  auto process = ::fork();
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    server{listener}.run();
  }
  ::close(listener);
  if (process < 0) throw std::runtime_error{"cannot fork"};
  where_.processes = {process};
}

null_broker::~null_broker() {
  ::kill(where_.processes.front(), SIGKILL);
  ::waitpid(where_.processes.front(), nullptr, 0);
}

} // namespace troupe::bench::amqp
