#include "engine/net/dialer.hpp"
#include "tests/engine/net/certificates.hpp"
#include "tests/engine/net/net_rig.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

/// A listener, and who connects to it from the same context.
struct dial_rig {
  explicit dial_rig(listener_options options = {})
    : net{std::move(options)}, to{net.server->bound()} {}

  void dial(std::shared_ptr<const tls_context> tls = nullptr) {
    attempt = dialer::start(
      net.context, to, std::move(tls), limit,
      [this](result<std::shared_ptr<byte_stream>> x) {
        made = std::move(x);
        ++answers;
      });
  }

  void dial_and_wait(std::shared_ptr<const tls_context> tls = nullptr) {
    dial(std::move(tls));
    net.until([this] { return answers > 0; });
  }

  net_rig net;
  endpoint to;
  std::chrono::milliseconds limit = 10s;
  std::shared_ptr<dialer> attempt;
  result<std::shared_ptr<byte_stream>> made = error{};
  int answers = 0;
};

/// Two members' certificates of one authority.
struct member_files {
  certificate_folder folder;
  identity authority = make_identity("authority", nullptr);

  member_files() {
    folder.write("ca", authority);
    folder.write("a", make_identity("a", &authority));
    folder.write("b", make_identity("b", &authority));
  }

  tls_options of(const std::string& member, tls_role role) const {
    return {
      folder / (member + ".pem"), folder / (member + ".key"), folder / "ca.pem",
      tls_verify::require, role};
  }

  std::shared_ptr<const tls_context> client(const std::string& member) const {
    return tls_context::load(of(member, tls_role::client)).value();
  }
};

} // namespace

TEST_CASE("dialer: connects, and bytes go both ways") {
  auto rig = dial_rig{};
  rig.dial_and_wait();
  REQUIRE(rig.made.has_value());
  auto heard = std::string{};
  auto is_closed = false;
  auto stream = *rig.made;
  stream->start(
    {[&](std::string x) { heard += x; }, [&](auto) { is_closed = true; }, {}});
  stream->write("hello");
  rig.net.until([&] { return !rig.net.streams.empty(); });
  auto& other = *rig.net.streams.front();
  rig.net.until([&] { return other.bytes() == "hello"; });
  other.stream->write("here");
  rig.net.until([&] { return heard == "here"; });
  stream->abort();
  rig.net.until([&] { return is_closed; });
}

TEST_CASE("dialer: says why there is no connection") {
  auto rig = dial_rig{};
  SECTION("nobody listens") {
    rig.net.server->stop();
    rig.net.settle();
    rig.dial_and_wait();
    CHECK(
      rig.made.error().detail.find("Connection refused") != std::string::npos);
  }
  SECTION("no such host") {
    rig.to.host = "no such host";
    rig.dial_and_wait();
    CHECK(rig.made.error().detail.find("cannot connect to no such host:") == 0);
  }
  CHECK(rig.made.error().code == errc::refused);
  CHECK(rig.answers == 1);
}

TEST_CASE("dialer: gives up on an end that never speaks TLS") {
  auto files = member_files{};
  auto rig = dial_rig{}; // plain: it takes the greeting for bytes
  rig.limit = 50ms;
  rig.dial_and_wait(files.client("a"));
  REQUIRE(rig.made.has_error());
  rig.net.settle();
  CHECK(rig.answers == 1);
}

TEST_CASE("dialer: a stopped attempt answers nobody") {
  auto rig = dial_rig{};
  rig.dial();
  rig.attempt->stop();
  rig.net.settle();
  rig.net.settle();
  CHECK(rig.answers == 0);
}

TEST_CASE("dialer: members show each other their certificates") {
  auto files = member_files{};
  auto rig = dial_rig{{.tls = files.of("b", tls_role::server)}};
  rig.dial_and_wait(files.client("a"));
  REQUIRE(rig.made.has_value());
  CHECK((*rig.made)->peer().tls->common_name == "b");
  rig.net.until([&] { return !rig.net.streams.empty(); });
  CHECK(rig.net.streams.front()->stream->peer().tls->common_name == "a");
  (*rig.made)->abort();
  rig.net.settle();
}

TEST_CASE("dialer: a certificate of another authority is refused") {
  auto files = member_files{};
  auto others = member_files{};
  auto rig = dial_rig{{.tls = files.of("b", tls_role::server)}};
  SECTION("the one that is connected to") {
    rig.dial_and_wait(others.client("a"));
    REQUIRE(rig.made.has_error());
    CHECK(rig.made.error().detail.find("TLS") != std::string::npos);
  }
  SECTION("the one that connects") {
    auto mixed = others.of("a", tls_role::client);
    mixed.ca = files.folder / "ca.pem";
    rig.dial(tls_context::load(mixed).value());
    rig.net.until([&] { return !rig.net.troubles.empty(); });
    CHECK(rig.net.streams.empty());
    if (rig.made) (*rig.made)->abort(); // TLS 1.3 hears of it later
    rig.net.settle();
  }
}

TEST_CASE("dialer: a client without an authority is a bad configuration") {
  auto files = member_files{};
  auto options = files.of("a", tls_role::client);
  options.ca.clear();
  auto made = tls_context::load(options);
  REQUIRE(made.has_error());
  CHECK(made.error().code == errc::bad_config);
  CHECK(made.error().detail.find("set `ca`") != std::string::npos);
}
