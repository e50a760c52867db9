#include "tests/engine/net/net_rig.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Lets the process open no more files than it has open now. Assert nothing
/// while one lives: UBSan looks into memory through a pipe, and takes what it
/// cannot open for an object of a wrong type.
class no_more_files {
public:
  no_more_files() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    auto next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    auto limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }

  ~no_more_files() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
  rlimit before_{};
};

} // namespace

TEST_CASE("listener: tells the port that the system chose") {
  auto rig = net_rig{};
  CHECK(rig.server->bound().host == "127.0.0.1");
  CHECK(rig.server->bound().port != 0);
}

TEST_CASE("listener: says so when the port is taken") {
  auto rig = net_rig{};
  auto second = listener::open(rig.context, {.at = rig.server->bound()});
  REQUIRE(!second);
  CHECK(second.error().code == errc::in_use);
  CHECK(
    second.error().detail
    == "cannot listen on " + to_string(rig.server->bound())
         + ": Address already in use; stop what listens there or choose "
           "another port");
}

TEST_CASE("listener: says so when the address is not this machine's") {
  auto context = boost::asio::io_context{};
  for (const auto* host : {"192.0.2.1", "no such host"}) {
    auto made = listener::open(context, {.at = {host, 0}});
    REQUIRE(!made);
    CHECK(made.error().code == errc::bad_config);
  }
}

TEST_CASE("listener: takes IPv6, and IPv4 on the same socket") {
  auto context = boost::asio::io_context{};
  if (!listener::open(context, {.at = {"::1", 0}})) {
    WARN("this machine has no IPv6");
    return;
  }
  auto rig = net_rig{{.at = {"::", 0}}};
  auto port = rig.server->bound().port;
  for (const auto* host : {"::1", "127.0.0.1"}) {
    auto client = plain_client{};
    client.socket.connect({boost::asio::ip::make_address(host), port});
    auto count = rig.streams.size();
    rig.until([&] { return rig.streams.size() > count; });
    const auto& peer = rig.streams.back()->stream->peer();
    CHECK(peer.remote.host == host);
    CHECK(peer.is_loopback);
  }
}

TEST_CASE("listener: lets others wait while all seats are taken") {
  auto rig = net_rig{{.max_connections = 2}};
  auto clients = std::array<plain_client, 4>{};
  for (auto& client : clients) client.socket.connect(rig.address());
  rig.until([&] { return rig.streams.size() == 2; });
  rig.settle();
  CHECK(rig.streams.size() == 2);
  CHECK(rig.server->connections() == 2);
  CHECK(rig.troubles.size() == 1);
  clients[0].socket.close();
  rig.until([&] { return rig.streams.size() == 3; });
  rig.streams[1]->stream->abort();
  rig.until([&] { return rig.streams.size() == 4; });
  CHECK(rig.server->connections() == 2);
}

TEST_CASE("listener: goes on when there are files again") {
  auto rig = net_rig{{.pause = 5ms}};
  auto client = plain_client{};
  client.socket.open(tcp::v4());
  auto early = std::size_t{0};
  {
    auto none = no_more_files{};
    client.socket.connect(rig.address());
    rig.comes([&] { return !rig.troubles.empty(); });
    rig.context.run_for(20ms);
    early = rig.streams.size();
  }
  CHECK(rig.troubles.size() == 1);
  CHECK(early == 0);
  rig.until([&] { return rig.streams.size() == 1; });
  CHECK(rig.troubles.front().find("ulimit -n") != std::string::npos);
}

TEST_CASE("listener: does not spin while there are no files") {
  auto rig = net_rig{{.pause = 1h}};
  auto client = plain_client{};
  client.socket.open(tcp::v4());
  auto spun = std::size_t{0};
  {
    auto none = no_more_files{};
    client.socket.connect(rig.address());
    rig.comes([&] { return !rig.troubles.empty(); });
    rig.context.restart();
    spun = rig.context.poll();
  }
  CHECK(rig.troubles.size() == 1);
  CHECK(spun == 0);
}

TEST_CASE("listener: deals connections to its contexts in turn") {
  auto contexts = std::array<boost::asio::io_context, 2>{};
  auto streams = std::array<std::vector<std::shared_ptr<byte_stream>>, 2>{};
  auto own = boost::asio::io_context{};
  auto server =
    listener::open(
      own, {.at = {"127.0.0.1", 0}, .contexts = {&contexts[0], &contexts[1]}})
      .value();
  auto running = 0U;
  server->start(
    {[&](std::shared_ptr<byte_stream> x) { streams.at(running).push_back(x); },
     {}});
  auto clients = std::array<plain_client, 4>{};
  own.poll();
  for (auto& client : clients) {
    client.socket.connect(
      {boost::asio::ip::make_address("127.0.0.1"), server->bound().port});
    own.restart();
    own.run_one_for(10s);
  }
  for (running = 0; running < 2; ++running) contexts.at(running).poll();
  CHECK(streams[0].size() == 2);
  CHECK(streams[1].size() == 2);
}

TEST_CASE("listener: accepts nothing after a stop, and leaves streams alone") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  auto address = rig.address();
  rig.server->stop();
  rig.settle();
  auto late = plain_client{};
  auto why = error_code{};
  late.socket.connect(address, why);
  CHECK(why == boost::asio::error::connection_refused);
  client.write("still here");
  rig.until([&] { return server.bytes() == "still here"; });
}

TEST_CASE("listener: a stream may outlive it") {
  auto context = boost::asio::io_context{};
  auto client = plain_client{};
  auto kept = std::unique_ptr<caught>{};
  {
    auto server = listener::open(context, {.at = {"127.0.0.1", 0}}).value();
    server->start(
      {[&](std::shared_ptr<byte_stream> x) { kept = catch_stream(x); }, {}});
    client.socket.connect(
      {boost::asio::ip::make_address("127.0.0.1"), server->bound().port});
    while (!kept) context.run_one_for(10s);
    server->stop();
  }
  client.socket.close();
  while (!kept->is_closed()) context.run_one_for(10s);
  CHECK(kept->ends.size() == 1);
}
