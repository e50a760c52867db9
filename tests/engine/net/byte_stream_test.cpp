#include "tests/engine/net/net_rig.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::size_t much = 64 * 1024 * 1024;

} // namespace

TEST_CASE("byte_stream: hands out what comes and writes what it is given") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  client.write("hello");
  rig.until([&] { return server.bytes() == "hello"; });
  CHECK(server.chunks.front().capacity() < 100);
  server.stream->write("welcome");
  rig.settle();
  CHECK(client.read(7) == "welcome");
}

TEST_CASE("byte_stream: a chunk is no longer than the shared buffer") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  auto sent = std::string(1024 * 1024, 'x');
  rig.beside([&] { client.write(sent); });
  rig.until([&] { return server.bytes() == sent; });
  for (const auto& chunk : server.chunks) CHECK(chunk.size() <= 256 * 1024);
}

TEST_CASE("byte_stream: tells who is at the other end") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  const auto& peer = server.stream->peer();
  CHECK(peer.remote.host == "127.0.0.1");
  CHECK(peer.remote.port == client.socket.local_endpoint().port());
  CHECK(peer.local == rig.server->bound());
  CHECK(peer.is_loopback);
  CHECK(!peer.tls);
}

TEST_CASE("byte_stream: what is queued goes out in one write") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  auto sent = std::string{};
  for (auto i = 0; i < 500; ++i) {
    auto piece =
      std::to_string(i) + (i % 100 == 0 ? std::string(5000, 'x') : "");
    sent += piece;
    server.stream->write(piece);
  }
  CHECK(server.stream->unwritten() == sent.size());
  rig.settle();
  CHECK(server.written == std::vector<std::size_t>{sent.size()});
  CHECK(server.stream->unwritten() == 0);
  CHECK(client.read(sent.size()) == sent);
}

TEST_CASE("byte_stream: takes bytes from many threads at once") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  auto threads = std::vector<std::thread>{};
  for (auto name : {'a', 'b', 'c'})
    threads.emplace_back([&server, name] {
      for (auto i = 0; i < 1000; ++i)
        server.stream->write(std::string(10, name));
    });
  auto got = rig.beside([&] { return client.read(30'000); });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < got.size(); i += 10)
    REQUIRE(got.substr(i, 10) == std::string(10, got[i]));
}

TEST_CASE("byte_stream: writes much in order to a slow reader") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  auto sent = std::string{};
  for (auto i = 0; i < 4096; ++i) {
    auto piece = std::string(5000, static_cast<char>('a' + i % 26));
    sent += piece;
    server.stream->write(std::move(piece));
  }
  auto got = rig.beside([&] { return client.read(sent.size()); });
  CHECK((got == sent));
  rig.until([&] { return server.stream->unwritten() == 0; });
  auto total = std::size_t{0};
  for (auto bytes : server.written) total += bytes;
  CHECK(total == sent.size());
}

TEST_CASE("byte_stream: reads nothing while it is paused") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  client.write("a");
  rig.until([&] { return server.bytes() == "a"; });
  server.stream->pause_reading();
  client.write("b");
  rig.settle();
  client.write("c");
  rig.settle();
  CHECK(server.bytes() == "a");
  server.stream->resume_reading();
  rig.until([&] { return server.bytes() == "abc"; });
  client.write("d");
  rig.until([&] { return server.bytes() == "abcd"; });
}

TEST_CASE("byte_stream: says once when the other end closes") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  client.write("last");
  client.socket.close();
  rig.until([&] { return server.is_closed(); });
  CHECK(server.bytes() == "last");
  CHECK(server.ends.front() == boost::asio::error::eof);
  server.stream->write("too late");
  server.stream->abort();
  server.stream->close_after_writing(1s);
  rig.settle();
  CHECK(server.ends.size() == 1);
  CHECK(server.stream->unwritten() == 0);
}

TEST_CASE("byte_stream: an abort drops what is unwritten") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  for (auto i = 0; i < 64; ++i)
    server.stream->write(std::string(much / 64, 'x'));
  rig.until([&] { return !server.written.empty(); });
  CHECK(server.stream->unwritten() > 0);
  server.stream->abort();
  client.write("not heard");
  rig.until([&] { return server.is_closed(); });
  CHECK(server.ends.front() == boost::asio::error::operation_aborted);
  CHECK(server.bytes().empty());
  CHECK(server.stream->unwritten() == 0);
  CHECK(client.read_all().size() < much);
}

TEST_CASE("byte_stream: closes softly after all is written and heard") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  for (auto i = 0; i < 16; ++i)
    server.stream->write(std::string(much / 64, 'x'));
  server.stream->close_after_writing(10s);
  server.stream->write("too late");
  client.write("not handed out");
  auto got = rig.beside([&] {
    auto all = client.read_all();
    client.socket.close();
    return all;
  });
  rig.until([&] { return server.is_closed(); });
  CHECK((got == std::string(much / 4, 'x')));
  CHECK(!server.ends.front());
  CHECK(server.bytes().empty());
}

TEST_CASE("byte_stream: a soft close ends with its grace") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  SECTION("late, when the other end does not read") {
    server.stream->write(std::string(much, 'x'));
    server.stream->close_after_writing(20ms);
    rig.until([&] { return server.is_closed(); });
    CHECK(server.ends.front() == boost::asio::error::timed_out);
  }
  SECTION("well, when it only does not close") {
    server.stream->write("bye");
    server.stream->close_after_writing(20ms);
    rig.until([&] { return server.is_closed(); });
    CHECK(!server.ends.front());
    CHECK(client.read_all() == "bye");
  }
}

TEST_CASE("byte_stream: a soft close reads on although reading is paused") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  server.stream->pause_reading();
  server.stream->close_after_writing(10s);
  client.socket.close();
  rig.until([&] { return server.is_closed(); });
  CHECK(!server.ends.front());
}

TEST_CASE("byte_stream: a write to an end that is gone is no signal") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  server.stream->pause_reading();
  client.socket.set_option(boost::asio::socket_base::linger{true, 0});
  client.socket.close();
  rig.until([&] {
    server.stream->write("x");
    return server.is_closed();
  });
  CHECK(server.ends.front() != boost::asio::error::eof);
}

TEST_CASE("byte_stream: lets go of its owner once it is closed") {
  auto rig = net_rig{};
  auto client = plain_client{};
  auto& server = rig.connect(client.socket);
  auto guest = std::make_shared<int>();
  server.stream->keep_while_open(guest);
  CHECK(guest.use_count() == 2);
  server.stream->abort();
  rig.settle();
  CHECK(guest.use_count() == 1);
  CHECK(server.stream.use_count() == 1);
}
