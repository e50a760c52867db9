#include "tests/engine/net/certificates.hpp"
#include "tests/engine/net/net_rig.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

using namespace troupe;
using namespace troupe::test;
namespace ssl = boost::asio::ssl;

namespace {

/// An authority, a server's certificate and a client's, as files.
struct tls_files {
  certificate_folder folder;
  identity authority = make_identity("authority", nullptr);

  tls_files() {
    folder.write("ca", authority);
    folder.write("server", make_identity("server", &authority));
    folder.write("client", make_identity("anna", &authority));
  }

  tls_options options(tls_verify verify = tls_verify::none) const {
    return {
      folder / "server.pem", folder / "server.key", folder / "ca.pem", verify};
  }
};

/// A client's side with TLS, with calls that wait.
class tls_client {
public:
  explicit tls_client(const tls_files& files, const std::string& shown = {})
    : rules_{make_rules(files, shown)} {}

  /// Connects and agrees on TLS; returns what the first read or write tells,
  /// since a server that refuses a certificate says so only then.
  error_code open(const net_rig& rig) {
    auto why = error_code{};
    stream.next_layer().connect(rig.address());
    stream.handshake(ssl::stream_base::client, why);
    return why;
  }

  std::string server_name() {
    auto* shown = SSL_get0_peer_certificate(stream.native_handle());
    auto name = std::array<char, 64>{};
    X509_NAME_get_text_by_NID(
      X509_get_subject_name(shown), NID_commonName, name.data(), name.size());
    return name.data();
  }

  std::string read(std::size_t bytes) {
    auto out = std::string(bytes, '\0');
    boost::asio::read(stream, boost::asio::buffer(out));
    return out;
  }

  void write(const std::string& text) {
    boost::asio::write(stream, boost::asio::buffer(text));
  }

  error_code read_end() {
    auto why = error_code{};
    auto byte = char{};
    stream.read_some(boost::asio::buffer(&byte, 1), why);
    return why;
  }

private:
  static ssl::context
  make_rules(const tls_files& files, const std::string& shown) {
    auto rules = ssl::context{ssl::context::tls_client};
    rules.set_verify_mode(ssl::verify_peer);
    rules.load_verify_file((files.folder / "ca.pem").string());
    if (shown.empty()) return rules;
    auto cert = (files.folder / (shown + ".pem")).string();
    auto key = (files.folder / (shown + ".key")).string();
    rules.use_certificate_file(cert, ssl::context::pem);
    rules.use_private_key_file(key, ssl::context::pem);
    return rules;
  }

  boost::asio::io_context context_;
  ssl::context rules_;

public:
  ssl::stream<tcp::socket> stream{context_, rules_};
};

caught& connect(net_rig& rig, tls_client& client) {
  auto count = rig.streams.size();
  auto why = rig.beside([&] { return client.open(rig); });
  INFO(why.message());
  REQUIRE(!why);
  rig.until([&] { return rig.streams.size() > count; });
  return *rig.streams.back();
}

} // namespace

TEST_CASE("tls: bytes go both ways") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options()}};
  auto client = tls_client{files};
  auto& server = connect(rig, client);
  client.write("hello");
  rig.until([&] { return server.bytes() == "hello"; });
  server.stream->write("welcome");
  CHECK(rig.beside([&] { return client.read(7); }) == "welcome");
  CHECK(server.stream->peer().tls->protocol == "TLSv1.3");
  CHECK(!server.stream->peer().tls->cipher.empty());
  CHECK(server.stream->peer().tls->subject.empty());
}

TEST_CASE("tls: much goes both ways at once, in order") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options()}};
  auto client = tls_client{files};
  auto& server = connect(rig, client);
  auto sent = std::string{};
  for (auto i = 0; i < 100'000; ++i) sent += std::to_string(i) + ' ';
  for (std::size_t i = 0; i < sent.size(); i += 10'000)
    server.stream->write(sent.substr(i, 10'000));
  auto got = rig.beside([&] {
    client.write(sent);
    return client.read(sent.size());
  });
  rig.until([&] { return server.bytes().size() == sent.size(); });
  CHECK((got == sent));
  CHECK((server.bytes() == sent));
  CHECK(server.stream->unwritten() == 0);
}

TEST_CASE("tls: what was decrypted before a pause comes after it") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options()}};
  auto client = tls_client{files};
  auto& server = connect(rig, client);
  auto sent = std::string(1024 * 1024, 'x');
  auto writing = std::async(std::launch::async, [&] { client.write(sent); });
  rig.until([&] { return !server.chunks.empty(); });
  while (server.bytes() != sent) {
    server.stream->pause_reading();
    rig.settle();
    auto count = server.chunks.size();
    rig.settle();
    REQUIRE(server.chunks.size() == count);
    server.stream->resume_reading();
    rig.until([&] { return server.chunks.size() > count; });
  }
  writing.get();
}

TEST_CASE("tls: a soft close is a clean end for the client") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options()}};
  auto client = tls_client{files};
  auto& server = connect(rig, client);
  server.stream->write("bye");
  server.stream->close_after_writing(10s);
  auto end = rig.beside([&] {
    auto bye = client.read(3);
    auto why = client.read_end();
    client.stream.next_layer().close();
    return why;
  });
  CHECK(end == boost::asio::error::eof); // and not stream_truncated
  rig.until([&] { return server.is_closed(); });
  CHECK(!server.ends.front());
}

TEST_CASE("tls: a client that breaks off has ended") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options()}};
  auto client = tls_client{files};
  auto& server = connect(rig, client);
  server.stream->write("x"); // and what the handshake left to read
  rig.beside([&] { return client.read(1); });
  client.stream.next_layer().close();
  rig.until([&] { return server.is_closed(); });
  CHECK(server.ends.front() == boost::asio::error::eof);
}

TEST_CASE("tls: a client's certificate says who it is") {
  auto files = tls_files{};
  auto verify = GENERATE(tls_verify::peer, tls_verify::require);
  auto rig = net_rig{{.tls = files.options(verify)}};
  auto client = tls_client{files, "client"};
  auto& server = connect(rig, client);
  CHECK(server.stream->peer().tls->subject == "CN=anna,O=shop");
  CHECK(server.stream->peer().tls->common_name == "anna");
}

TEST_CASE("tls: a client without a certificate is refused if one is asked") {
  auto files = tls_files{};
  SECTION("required") {
    auto rig = net_rig{{.tls = files.options(tls_verify::require)}};
    auto client = tls_client{files};
    rig.beside([&] {
      client.open(rig);
      return client.read_end();
    });
    rig.until([&] { return !rig.troubles.empty(); });
    CHECK(rig.streams.empty());
    CHECK(rig.server->connections() == 0);
    CHECK(
      rig.troubles.front().find("peer did not return") != std::string::npos);
  }
  SECTION("or let in where it may do without") {
    auto rig = net_rig{{.tls = files.options(tls_verify::peer)}};
    auto client = tls_client{files};
    auto& server = connect(rig, client);
    CHECK(server.stream->peer().tls->common_name.empty());
  }
}

TEST_CASE("tls: a certificate that nobody known signed is refused") {
  auto files = tls_files{};
  files.folder.write("stranger", make_identity("anna", nullptr));
  auto rig = net_rig{{.tls = files.options(tls_verify::peer)}};
  auto client = tls_client{files, "stranger"};
  rig.beside([&] {
    client.open(rig);
    return client.read_end();
  });
  rig.until([&] { return !rig.troubles.empty(); });
  CHECK(rig.streams.empty());
}

TEST_CASE("tls: a silent client is dropped when its time is over") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options(), .handshake_limit = 50ms}};
  auto client = plain_client{};
  client.socket.connect(rig.address());
  rig.until([&] { return rig.server->connections() == 1; });
  rig.until([&] { return rig.server->connections() == 0; });
  CHECK(client.read_all().empty());
  CHECK(rig.streams.empty());
  CHECK(rig.troubles.front().find("timed out") != std::string::npos);
}

TEST_CASE("tls: whoever speaks no TLS is dropped at once") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options(), .handshake_limit = 1h}};
  auto client = plain_client{};
  client.socket.connect(rig.address());
  client.write(std::string{"AMQP\0\0\x09\x01", 8});
  rig.until([&] { return !rig.troubles.empty(); });
  CHECK(rig.server->connections() == 0);
  CHECK(rig.streams.empty());
}

TEST_CASE("tls: reload takes changed files for new connections") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options()}};
  auto early = tls_client{files};
  auto& first = connect(rig, early);
  CHECK(rig.server->reload().value() == false);

  files.folder.write("server", make_identity("renewed", &files.authority));
  CHECK(rig.server->reload().value() == true);
  CHECK(rig.server->reload().value() == false);
  auto late = tls_client{files};
  connect(rig, late);
  CHECK(early.server_name() == "server");
  CHECK(late.server_name() == "renewed");
  early.write("still here");
  rig.until([&] { return first.bytes() == "still here"; });
}

TEST_CASE("tls: reload keeps what it has when a file is broken") {
  auto files = tls_files{};
  auto rig = net_rig{{.tls = files.options()}};
  auto other = make_identity("other", &files.authority);
  files.folder.write("other", other);
  std::filesystem::copy_file(
    files.folder / "other.key", files.folder / "server.key",
    std::filesystem::copy_options::overwrite_existing);
  auto answer = rig.server->reload();
  REQUIRE(!answer);
  CHECK(answer.error().code == errc::bad_config);
  CHECK(answer.error().detail.find("server.key") != std::string::npos);
  auto client = tls_client{files};
  connect(rig, client);
  CHECK(client.server_name() == "server");
}

TEST_CASE("tls: files that cannot be used are named, with a cure") {
  auto files = tls_files{};
  auto options = files.options(tls_verify::require);
  auto named = std::string{};
  SECTION("no certificate") {
    options.cert = named = files.folder / "none.pem";
  }
  SECTION("a key where the certificate should be") {
    options.cert = named = files.folder / "server.key";
  }
  SECTION("another's key") { options.key = named = files.folder / "ca.key"; }
  SECTION("no authority") { options.ca = named = files.folder / "none.pem"; }
  SECTION("no authority named") {
    options.ca.clear();
    named = "`ca`";
  }
  auto made = tls_context::load(options);
  REQUIRE(!made);
  CHECK(made.error().code == errc::bad_config);
  CHECK(made.error().detail.find(named) != std::string::npos);
}
