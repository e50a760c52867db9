#include "tests/engine/amqp/connection_rig.hpp"

#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using namespace std::string_literals;

namespace {

std::string start_ok(
  const std::string& mechanism,
  const std::string& response,
  const field_table& properties = all_capabilities()) {
  auto out = std::string{};
  auto encoded = encode(properties);
  encode(out, 0, connection_start_ok{encoded, mechanism, response, "en_US"});
  return out;
}

std::string amqplain(const std::string& name, const std::string& password) {
  return encode(field_table{{{"LOGIN", {name}}, {"PASSWORD", {password}}}})
    .substr(4);
}

} // namespace

TEST_CASE("handshake: AMQP 0-9-1 and 0-9 are spoken", "[amqp]") {
  for (auto header : {"AMQP\0\0\x09\x01"s, "AMQP\x01\x01\0\x09"s}) {
    auto rig = connection_rig{};
    for (auto c : header) rig.send_bytes({&c, 1});
    auto m = rig.next<connection_start>(0);
    CHECK(m.version_major == 0);
    CHECK(m.version_minor == 9);
    CHECK(m.mechanisms == "PLAIN AMQPLAIN ANONYMOUS");
    CHECK(m.locales == "en_US");
  }
}

TEST_CASE("handshake: other protocols get ours and a close", "[amqp]") {
  for (auto header :
       {"AMQP\x03\x01\0\0"s, "AMQP\0\x01\0\0"s, "GET / HT"s,
        "\x16\x03\x01\x02\0\x01\0\x01"s}) {
    auto rig = connection_rig{};
    rig.send_bytes(header);
    CHECK(rig.offered == std::string{protocol_header});
    CHECK(rig.closes);
    CHECK(rig.machine.is_over());
  }
}

TEST_CASE("handshake: the server tells what it can", "[amqp]") {
  auto rig = connection_rig{};
  rig.send_bytes(protocol_header);
  auto m = rig.next<connection_start>(0);
  CHECK(find(m.server_properties, "product")->value == "Troupe");
  CHECK(find(m.server_properties, "version")->value == "0.1.0");
  CHECK(find(m.server_properties, "cluster_name")->value == "node");
  auto able = decode_field_table(m.server_properties).value();
  auto inner = std::get<field_table>(able.fields.front().value.value);
  CHECK(inner.fields.size() == 9);
  for (const auto& x : inner.fields) CHECK(x.value == field_value{true});
}

TEST_CASE("handshake: it can go by RabbitMQ's name", "[amqp]") {
  auto options = connection_rig::usual();
  options.compat = compatibility::rabbitmq_3_13;
  auto rig = connection_rig{options};
  rig.send_bytes(protocol_header);
  auto m = rig.next<connection_start>(0);
  CHECK(find(m.server_properties, "product")->value == "RabbitMQ");
  CHECK(find(m.server_properties, "version")->value.starts_with("3.13"));
}

TEST_CASE("handshake: PLAIN and AMQPLAIN log in", "[amqp]") {
  for (const auto& [mechanism, response] :
       {std::pair{"PLAIN"s, "\0guest\0guest"s},
        std::pair{"PLAIN"s, "other\0guest\0guest"s},
        std::pair{"AMQPLAIN"s, amqplain("guest", "guest")},
        std::pair{"ANONYMOUS"s, ""s}}) {
    auto rig = connection_rig{};
    rig.send_bytes(protocol_header);
    rig.next<connection_start>(0);
    rig.send_bytes(start_ok(mechanism, response));
    CHECK(rig.next<connection_tune>(0) == connection_tune{2047, 131072, 60});
  }
}

TEST_CASE("handshake: EXTERNAL logs in by certificate", "[amqp]") {
  auto options = connection_rig::usual();
  options.is_encrypted = true;
  options.certificate_name = "client-7";
  auto rig = connection_rig{options};
  rig.answers = false;
  rig.send_bytes(protocol_header);
  CHECK(
    rig.next<connection_start>(0).mechanisms
    == "EXTERNAL PLAIN AMQPLAIN ANONYMOUS");
  rig.send_bytes(start_ok("EXTERNAL", ""));
  CHECK(std::get<login>(rig.asked.at(0)).name == "client-7");
  CHECK(std::get<login>(rig.asked.at(0)).mechanism == "EXTERNAL");
}

TEST_CASE("handshake: malformed responses are refused", "[amqp]") {
  for (const auto& [mechanism, response, code] :
       {std::tuple{"PLAIN"s, "guest"s, 502},
        std::tuple{"PLAIN"s, "\0guest"s, 502},
        std::tuple{"PLAIN"s, "\0guest\0guest\0"s, 502},
        std::tuple{"AMQPLAIN"s, "junk"s, 502},
        std::tuple{"AMQPLAIN"s, amqplain("", "").substr(0, 14), 502},
        std::tuple{"EXTERNAL"s, ""s, 503}, std::tuple{"NONE"s, ""s, 503}}) {
    auto rig = connection_rig{};
    rig.send_bytes(protocol_header);
    rig.next<connection_start>(0);
    rig.send_bytes(start_ok(mechanism, response));
    rig.connection_closed(static_cast<std::uint16_t>(code));
    CHECK(rig.failed_method == key_of<connection_start_ok>);
  }
}

TEST_CASE("handshake: a failed login is told who wants to know", "[amqp]") {
  auto rig = connection_rig{};
  rig.send_bytes(protocol_header);
  rig.next<connection_start>(0);
  rig.send_bytes(start_ok("PLAIN", "\0guest\0wrong"s));
  CHECK(
    rig.connection_closed(403)
    == "ACCESS_REFUSED - Login was refused using authentication mechanism "
       "PLAIN. For details see the broker logfile.");
}

TEST_CASE("handshake: others only see the socket close, later", "[amqp]") {
  auto rig = connection_rig{};
  rig.send_bytes(protocol_header);
  rig.next<connection_start>(0);
  rig.send_bytes(start_ok("PLAIN", "\0guest\0wrong"s, {}));
  CHECK(rig.is_silent());
  CHECK(!rig.closes);
  CHECK(rig.machine.next_due() == rig.now + 3s);
  rig.pass(3s);
  CHECK(rig.is_silent());
  CHECK(rig.closes);
}

TEST_CASE("handshake: limits have to be within the server's", "[amqp]") {
  struct example {
    connection_tune_ok wish;
    bool is_fine;
  };
  for (const auto& [wish, is_fine] :
       {example{{2047, 131072, 60}, true}, example{{1, 4096, 0}, true},
        example{{0, 131072, 0}, false}, example{{2048, 131072, 0}, false},
        example{{1, 0, 0}, false}, example{{1, 131073, 0}, false},
        example{{1, 4095, 0}, false}, example{{1, 1, 0}, false}}) {
    auto rig = connection_rig{};
    rig.log_in();
    rig.next<connection_tune>(0);
    rig.send(0, wish);
    if (is_fine) {
      rig.send(0, connection_open{"/"});
      rig.next<connection_open_ok>(0);
    } else {
      auto text = rig.connection_closed(530);
      CHECK(text.starts_with("NOT_ALLOWED - negotiated "));
      CHECK(rig.failed_method == key_of<connection_tune>);
    }
  }
}

TEST_CASE("handshake: a strict server refuses small frames", "[amqp]") {
  auto options = connection_options{};
  options.compat = compatibility::strict;
  auto rig = connection_rig{options};
  rig.log_in();
  rig.next<connection_tune>(0);
  rig.send(0, connection_tune_ok{1, 8191, 0});
  CHECK(rig.connection_closed(530).starts_with("NOT_ALLOWED - negotiated "));
}

TEST_CASE("handshake: a server without limits takes none", "[amqp]") {
  auto options = connection_rig::usual();
  options.frame_max = 0;
  options.channel_max = 0;
  auto rig = connection_rig{options};
  rig.open_connection(all_capabilities(), {0, 0, 0});
  rig.open_channel(65535);
}

TEST_CASE("handshake: an unknown vhost is refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.log_in();
  rig.next<connection_tune>(0);
  rig.send(0, connection_tune_ok{1, 4096, 0});
  rig.send(0, connection_open{"nowhere"});
  CHECK(rig.connection_closed(530) == "NOT_ALLOWED - vhost nowhere not found");
  CHECK(rig.failed_method == key_of<connection_open>);
}

TEST_CASE("handshake: a vhost without rights is refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.places.add_vhost("other");
  rig.log_in();
  rig.next<connection_tune>(0);
  rig.send(0, connection_tune_ok{1, 4096, 0});
  rig.send(0, connection_open{"other"});
  CHECK(
    rig.connection_closed(530)
    == "NOT_ALLOWED - access to vhost 'other' refused for user 'guest'");
}

TEST_CASE("handshake: methods out of turn are refused", "[amqp]") {
  auto rig = connection_rig{};
  rig.send_bytes(protocol_header);
  rig.next<connection_start>(0);
  rig.send(0, connection_open{"/"});
  rig.connection_closed(504);
  auto other = connection_rig{};
  other.log_in();
  other.next<connection_tune>(0);
  other.send(1, channel_open{});
  other.connection_closed(504);
}

TEST_CASE("handshake: who takes too long is dropped", "[amqp]") {
  auto rig = connection_rig{};
  rig.send_bytes("AMQP");
  rig.pass(9999ms);
  CHECK(!rig.drops);
  rig.pass(1ms);
  CHECK(rig.drops);
}

TEST_CASE("handshake: what is sent at once is read in turn", "[amqp]") {
  auto bytes = std::string{protocol_header};
  bytes += start_ok("PLAIN", "\0guest\0guest"s);
  encode(bytes, 0, connection_tune_ok{1, 4096, 0});
  encode(bytes, 0, connection_open{"/"});
  encode(bytes, 1, channel_open{});
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    auto rig = connection_rig{};
    rig.answers = false;
    rig.send_bytes(std::string_view{bytes}.substr(0, cut));
    rig.send_bytes(std::string_view{bytes}.substr(cut));
    rig.answers = true;
    rig.next<connection_start>(0);
    rig.next<connection_tune>(0);
    rig.next<connection_open_ok>(0);
    rig.next<channel_open_ok>(1);
  }
}

TEST_CASE("handshake: nothing is read while an answer is due", "[amqp]") {
  auto rig = connection_rig{};
  rig.answers = false;
  rig.log_in();
  CHECK(!rig.machine.wants_input());
  rig.answer_next();
  CHECK(rig.machine.wants_input());
}
