#include "tests/actors/node/fake_node.hpp"
#include "tests/actors/node/running_main.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <catch2/catch.hpp>

using namespace troupe;
using namespace std::string_literals;
using troupe::test::fake_node;
using troupe::test::run_main;

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

/// Has one row of state, whose value is no text.
cluster_places binary_state() {
  auto made = cluster_places{};
  made.state = [](const std::string&) {
    auto row =
      json::object{{"scope", "a"}, {"name", "n"}, {"value", "\0\xff"s}};
    return state_listing{{row}, {}};
  };
  return made;
}

} // namespace

TEST_CASE("control_socket: state that is no text is shown byte by byte") {
  auto at = fake_node{};
  at.start(binary_state());
  auto told = run_main({"state", "ls", "count", "--data-dir", at.folder()});
  CHECK(told.err == "");
  CHECK(told.code == 0);
  CHECK(told.out == "scope  name  value\na      n     \\x00\\xff\n");
}

TEST_CASE("control_socket: state that is no text is JSON all the same") {
  auto at = fake_node{};
  at.start(binary_state());
  auto told =
    run_main({"state", "ls", "count", "--json", "--data-dir", at.folder()});
  CHECK(told.code == 0);
  CHECK(
    told.out == "{\"scope\":\"a\",\"name\":\"n\",\"value_base64\":\"AP8=\"}\n");
}

TEST_CASE("control_socket: an open connection keeps no part of the node") {
  auto at = fake_node{};
  at.start(std::nullopt);
  auto io = asio::io_context{};
  auto client = asio::local::stream_protocol::socket{io};
  client.connect({at.folder() + "/troupe.sock"});
  asio::write(client, asio::buffer("{\"command\":\"none\"}\n"s));
  auto line = std::string{};
  asio::read_until(client, asio::dynamic_buffer(line), '\n');
  CHECK(line.find("knows no such command") != line.npos);
  CHECK(at.is_kept());
  at.stop();
  CHECK_FALSE(at.is_kept());
}
