#include "actors/edge/amqp_server.hpp"
#include "tests/engine/amqp/connection_rig.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <poll.h>

using namespace troupe;
using namespace troupe::amqp;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

/// Says yes to whoever logs in, and to every vhost.
caf::behavior run_yes_sayer(caf::event_based_actor* self) {
  auto say = [self](answer what) {
    caf::anon_send(
      caf::actor_cast<connection_actor>(self->current_sender()),
      edge::answered{std::move(what)});
  };
  return {
    [say](const access::check&) { say(logged_in{amqp::test::make_user()}); },
    [say](const broker::ask&) { say(done{}); },
    [](const broker::connection_gone&) {},
  };
}

/// A server on a disk that tests fill.
class server_rig {
public:
  server_rig() {
    auto routes = std::make_shared<routes_board>();
    auto all = topology{};
    all.add_vhost("/");
    routes->put_up(all.snapshot());
    auto places = connection_places{};
    places.topology = caf::actor_cast<topology_actor>(others_);
    places.access = caf::actor_cast<access_actor>(others_);
    places.routes = routes;
    places.is_full = is_full;
    auto options = amqp_server_options{};
    options.listen = {"127.0.0.1", 0};
    server_ = amqp_server::open(system_, places, options).value();
    server_->start();
  }

  ~server_rig() {
    server_->stop(std::chrono::steady_clock::now());
    caf::anon_send_exit(others_, caf::exit_reason::user_shutdown);
  }

  std::uint16_t port() const { return server_->bound().port; }

  std::shared_ptr<std::atomic<bool>> is_full =
    std::make_shared<std::atomic<bool>>(false);

private:
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::actor others_ = system_.spawn(run_yes_sayer);
  std::unique_ptr<amqp_server> server_;
};

/// A client with a socket, and an open channel.
class socket_client : public amqp::test::client_inbox {
public:
  explicit socket_client(std::uint16_t port) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    write(std::string{protocol_header});
    REQUIRE(comes<connection_start>());
    auto encoded = encode(amqp::test::all_capabilities());
    auto response = std::string{"\0guest\0guest", 12};
    send(0, connection_start_ok{encoded, "PLAIN", response, "en_US"});
    REQUIRE(comes<connection_tune>());
    send(0, connection_tune_ok{2047, 131072, 0});
    send(0, connection_open{"/"});
    REQUIRE(comes<connection_open_ok>());
    send(1, channel_open{});
    REQUIRE(comes<channel_open_ok>());
  }

  /// Says whether a method comes within some seconds; it is taken out.
  template <class M>
  bool comes() {
    auto latest = std::chrono::steady_clock::now() + 10s;
    while (!take<M>()) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        latest - std::chrono::steady_clock::now());
      auto what = pollfd{socket_.native_handle(), POLLIN, 0};
      if (left.count() <= 0) return false;
      if (::poll(&what, 1, static_cast<int>(left.count())) <= 0) return false;
      auto part = std::string(4096, '\0');
      part.resize(socket_.read_some(boost::asio::buffer(part)));
      read(part);
    }
    return true;
  }

  /// Says whether a method has come.
  template <class M>
  bool take() {
    auto is_it = [](const auto& x) {
      return std::holds_alternative<M>(x.what);
    };
    auto found = std::ranges::find_if(inbox, is_it);
    if (found == inbox.end()) return false;
    inbox.erase(found);
    return true;
  }

private:
  template <class M>
  void send(std::uint16_t channel, const M& m) {
    auto out = std::string{};
    encode(out, channel, m);
    write(out);
  }

  void write(const std::string& bytes) {
    boost::asio::write(socket_, boost::asio::buffer(bytes));
  }

  boost::asio::io_context context_;
  tcp::socket socket_{context_};
};

} // namespace

TEST_CASE("amqp_server: who comes while the disk is full is told so") {
  auto x = server_rig{};
  *x.is_full = true;
  auto client = socket_client{x.port()};
  CHECK(client.comes<connection_blocked>());
  *x.is_full = false;
  CHECK(client.comes<connection_unblocked>());
}

TEST_CASE("amqp_server: who comes while the disk is full shortly may go on") {
  auto x = server_rig{};
  *x.is_full = true;
  auto client = socket_client{x.port()};
  *x.is_full = false; // most often before the server has looked
  auto is_blocked = client.take<connection_blocked>();
  CHECK((!is_blocked || client.comes<connection_unblocked>()));
}
