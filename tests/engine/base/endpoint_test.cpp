#include "engine/base/endpoint.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

TEST_CASE("endpoint: reads names and addresses with a port") {
  CHECK(
    parse_endpoint("127.0.0.1:5672").value() == endpoint{"127.0.0.1", 5672});
  CHECK(parse_endpoint("localhost:0").value() == endpoint{"localhost", 0});
  CHECK(parse_endpoint("[::1]:65535").value() == endpoint{"::1", 65535});
}

TEST_CASE("endpoint: writes what it reads") {
  for (const auto* text : {"127.0.0.1:5672", "[::]:1", "broker.example:80"})
    CHECK(to_string(parse_endpoint(text).value()) == text);
}

TEST_CASE("endpoint: refuses what is none and says how one looks") {
  for (auto text :
       {"", ":", "localhost", ":5672", "localhost:", "localhost:65536",
        "localhost:-1", "localhost:5 ", "::1:5672", "[::1]", "[::1]5672",
        "[localhost]:1", "a b:1", "a/b:1", "[]:1", "amqp://a:1", "[::1:1"}) {
    INFO(text);
    auto read = parse_endpoint(text);
    REQUIRE(!read);
    CHECK(read.error().code == errc::bad_config);
    CHECK(read.error().detail.find("127.0.0.1:5672") != std::string::npos);
  }
}
