#include "actors/edge/amqp_server.hpp"

#include <boost/asio/post.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <atomic>
#include <random>

namespace troupe {

namespace {

using clock = std::chrono::steady_clock;

constexpr auto tick_interval = std::chrono::seconds{1};
constexpr auto stop_look_interval = std::chrono::milliseconds{5};
// How long clients may take to agree that it ends. Nothing is lost with those
// that do not: what they have on loan is for others.
constexpr auto most_goodbye = std::chrono::seconds{2};
constexpr auto low_on_disk = "low on disk";      // RabbitMQ's words
constexpr std::uint16_t connection_forced = 320; // AMQP's reply code

/// Numbers connections through all servers of the process.
std::uint64_t next_connection() {
  static auto last = std::atomic<std::uint64_t>{0};
  return ++last;
}

} // namespace

amqp_server::amqp_server(
  caf::actor_system& system,
  connection_places places,
  amqp_server_options options)
  : system_{system}, places_{std::move(places)}, options_{std::move(options)} {}

result<std::unique_ptr<amqp_server>> amqp_server::open(
  caf::actor_system& system,
  connection_places places,
  amqp_server_options options) {
  auto made = std::unique_ptr<amqp_server>{
    new amqp_server{system, std::move(places), std::move(options)}};
  const auto& all = made->options_;
  if (auto done = made->listen(all.listen, std::nullopt); !done)
    return done.error();
  if (all.tls_listen)
    if (auto done = made->listen(*all.tls_listen, all.tls); !done)
      return done.error();
  return made;
}

result<>
amqp_server::listen(const endpoint& at, std::optional<tls_options> tls) {
  auto asked = listener_options{};
  asked.at = at;
  asked.tls = std::move(tls);
  asked.max_connections = options_.max_connections;
  auto is_encrypted = asked.tls.has_value();
  auto opened = listener::open(io_, std::move(asked));
  if (!opened) return opened.error();
  spdlog::info(
    "{}: listening on {}{}", options_.name, to_string((*opened)->bound()),
    is_encrypted ? " (TLS)" : "");
  listeners_.push_back(std::move(*opened));
  return {};
}

void amqp_server::start() {
  for (const auto& x : listeners_)
    x->start(
      {[this](std::shared_ptr<byte_stream> stream) {
         begin(std::move(stream));
       },
       [this](const std::string& text) {
         spdlog::warn("{}: {}", options_.name, text);
       }});
  tick();
  thread_ = std::thread{[this] { io_.run(); }};
}

void amqp_server::begin(std::shared_ptr<byte_stream> stream) {
  const auto& peer = stream->peer();
  auto options = options_.connections;
  options.id = places_.first_connection + next_connection();
  options.peer = to_string(peer.remote);
  options.local = options.peer + " -> " + to_string(peer.local);
  options.peer_is_loopback = peer.is_loopback;
  options.is_encrypted = peer.tls.has_value();
  if (peer.tls) options.certificate_name = peer.tls->common_name;
  options.random_seed = std::random_device{}();
  auto id = options.id;
  auto made = system_.spawn(
    run_connection, places_, std::move(options), std::move(stream));
  // As the others were told: they all hear the same of what changes.
  if (was_full_) caf::anon_send(made, edge::block{low_on_disk});
  auto guard = std::lock_guard{mutex_};
  connections_.emplace(id, made.address());
}

/// Returns the connections that are there, and forgets those that are not.
std::vector<caf::actor> amqp_server::live() {
  auto all = std::vector<caf::actor>{};
  auto guard = std::lock_guard{mutex_};
  std::erase_if(connections_, [&](const auto& x) {
    auto who = caf::actor_cast<caf::actor>(x.second);
    if (who) all.push_back(who);
    return !who;
  });
  return all;
}

std::size_t amqp_server::connections() const {
  auto all = std::size_t{0};
  for (const auto& x : listeners_) all += x->connections();
  return all;
}

void amqp_server::tick() {
  tell_of_disk();
  reload_certificates();
  live();
  timer_.expires_after(tick_interval);
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped) tick();
  });
}

void amqp_server::tell_of_disk() {
  auto is_full = places_.is_full->load();
  if (is_full == was_full_) return;
  was_full_ = is_full;
  auto reason = std::string{is_full ? low_on_disk : ""};
  for (const auto& x : live())
    caf::anon_send(caf::actor_cast<connection_actor>(x), edge::block{reason});
}

void amqp_server::reload_certificates() {
  auto fault = std::string{};
  for (const auto& x : listeners_) {
    auto done = x->reload();
    if (!done)
      fault = done.error().detail;
    else if (*done)
      spdlog::info("{}: a new certificate is in use", options_.name);
  }
  if (!fault.empty() && fault != reload_fault_)
    spdlog::error("{}: the certificate stays: {}", options_.name, fault);
  reload_fault_ = std::move(fault);
}

void amqp_server::stop(clock::time_point deadline) {
  for (const auto& x : listeners_) x->stop();
  for (const auto& x : live())
    caf::anon_send(
      caf::actor_cast<connection_actor>(x),
      edge::close{
        connection_forced, "broker forced connection closure with reason "
                           "'shutdown'"});
  deadline = std::min(deadline, clock::now() + most_goodbye);
  while (connections() > 0 && clock::now() < deadline)
    std::this_thread::sleep_for(stop_look_interval);
  for (const auto& x : live())
    caf::anon_send(caf::actor_cast<connection_actor>(x), edge::closed{"stop"});
}

amqp_server::~amqp_server() {
  // They use the sockets' context until they have ended.
  auto self = caf::scoped_actor{system_};
  for (const auto& x : live()) {
    self->monitor(x);
    caf::anon_send(caf::actor_cast<connection_actor>(x), edge::closed{"stop"});
    self->receive([](const caf::down_msg&) {});
  }
  // Behind what closes their sockets.
  boost::asio::post(io_, [this] { io_.stop(); });
  if (thread_.joinable()) thread_.join();
}

} // namespace troupe
