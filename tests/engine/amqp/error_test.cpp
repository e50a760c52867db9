#include "engine/amqp/error.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace troupe::amqp;

TEST_CASE("error: a reply text begins with the code's name", "[amqp]") {
  auto e = protocol_error{reply_code::not_found, "no queue 'q' in vhost '/'"};
  CHECK(reply_text(e) == "NOT_FOUND - no queue 'q' in vhost '/'");
}

TEST_CASE("error: a reply text fits a short string", "[amqp]") {
  auto e = protocol_error{reply_code::not_found, std::string(300, 'x')};
  CHECK(reply_text(e) == "NOT_FOUND - " + std::string(243, 'x'));
  e.text.resize(243);
  CHECK(reply_text(e).size() == 255);
}

TEST_CASE("error: a reply text is not cut within a character", "[amqp]") {
  // The character's two bytes are the 255th and the 256th.
  auto text = std::string(242, 'x') + "\xc3\xa9 and more";
  auto e = protocol_error{reply_code::not_found, text};
  CHECK(reply_text(e) == "NOT_FOUND - " + std::string(242, 'x'));
}

TEST_CASE("error: codes close what RabbitMQ says they close", "[amqp]") {
  for (auto code : {311, 312, 313, 403, 404, 405, 406})
    CHECK(scope_of(static_cast<reply_code>(code)) == error_scope::channel);
  for (auto code : {320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541})
    CHECK(scope_of(static_cast<reply_code>(code)) == error_scope::connection);
}

TEST_CASE("error: every code has a name", "[amqp]") {
  for (auto code :
       {200, 311, 312, 313, 320, 402, 403, 404, 405, 406, 501, 502, 503, 504,
        505, 506, 530, 540, 541})
    CHECK(to_string(static_cast<reply_code>(code)) != "UNKNOWN");
  CHECK(to_string(reply_code{999}) == "UNKNOWN");
}
