#include "engine/amqp/method_encoder.hpp"
#include "engine/amqp/methods.hpp"
#include "tests/engine/amqp/method_filler.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>

using namespace troupe;
using namespace troupe::amqp;
using namespace troupe::amqp::test;
using namespace std::string_literals;

namespace {

template <class M>
std::string frame_of(const M& m, std::uint16_t channel = 1) {
  auto out = std::string{};
  encode(out, channel, m);
  return out;
}

/// A method's payload: its frame without head and end.
template <class M>
std::string payload_of(const M& m) {
  auto whole = frame_of(m);
  return whole.substr(frame_head_bytes, whole.size() - frame_extra_bytes);
}

reply_code refusal_of(std::string_view payload) {
  auto read = decode_method(payload);
  return read ? reply_code::success : read.error().code;
}

} // namespace

TEST_CASE("methods: every one comes back as it was", "[amqp]") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    auto filler = method_filler{seed};
    for_each_method(method{}, [&]<class M>(M) {
      auto made = filler.make<M>();
      auto payload = payload_of(made);
      INFO(M::name);
      auto read = decode_method(payload);
      REQUIRE(read.has_value());
      CHECK(std::get<M>(*read) == made);
    });
  }
}

TEST_CASE("methods: every shortened one is refused", "[amqp]") {
  auto filler = method_filler{7};
  for_each_method(method{}, [&]<class M>(M) {
    INFO(M::name);
    auto payload = payload_of(filler.make<M>());
    for (std::size_t size = 0; size < payload.size(); ++size) {
      auto code = refusal_of(std::string_view{payload}.substr(0, size));
      CHECK(
        code
        == (size < 4 ? reply_code::command_invalid : reply_code::syntax_error));
    }
  });
}

TEST_CASE("methods: one with bytes behind it is refused", "[amqp]") {
  auto filler = method_filler{8};
  for_each_method(method{}, [&]<class M>(M) {
    auto read = decode_method(payload_of(filler.make<M>()) + '\0');
    REQUIRE(read.has_error());
    CHECK(read.error().class_id == M::class_id);
    CHECK(read.error().method_id == M::method_id);
    CHECK(read.error().text.find(M::name) != std::string::npos);
  });
}

TEST_CASE("methods: no two have the same number or name", "[amqp]") {
  auto keys = std::set<std::uint32_t>{};
  auto names = std::set<std::string_view>{};
  for_each_method(method{}, [&]<class M>(M) {
    CHECK(keys.insert(key_of<M>).second);
    CHECK(names.insert(M::name).second);
  });
  CHECK(keys.size() == 66);
}

TEST_CASE("methods: unknown ones are refused by number", "[amqp]") {
  auto known = std::set<std::uint32_t>{};
  for_each_method(method{}, [&]<class M>(M) { known.insert(key_of<M>); });
  for (std::uint16_t c = 0; c < 130; ++c)
    for (std::uint16_t m = 0; m < 130; ++m) {
      if (known.contains(method_key(c, m))) continue;
      auto payload = std::string{};
      put_wire(payload, method_key(c, m));
      REQUIRE(refusal_of(payload) == reply_code::command_invalid);
    }
  auto refused = decode_method("\0\x3c\0\x82"s);
  CHECK(refused.error().text == "there is no method 130 in class 60");
  CHECK(refused.error().class_id == 60);
  CHECK(refused.error().method_id == 130);
}

TEST_CASE("methods: basic.publish is written as AMQP says", "[amqp]") {
  auto m =
    basic_publish{.exchange = "ex", .routing_key = "key", .mandatory = true};
  CHECK(frame_of(m, 258) == "\1\1\2\0\0\0\x0e\0\x3c\0\x28\0\0\2ex\3key\1\xce"s);
}

TEST_CASE("methods: queue.declare is written as AMQP says", "[amqp]") {
  auto arguments = encode(field_table{{{"x-max-priority", {std::uint8_t{5}}}}});
  auto m = queue_declare{
    .queue = "q", .durable = true, .auto_delete = true, .arguments = arguments};
  CHECK(
    frame_of(m)
    == "\1\0\1\0\0\0\x1e\0\x32\0\x0a\0\0\1q\x0a\0\0\0\x11\x0ex-max-priorityB\5"
       "\xce"s);
  m.arguments = {};
  CHECK(frame_of(m) == "\1\0\1\0\0\0\x0d\0\x32\0\x0a\0\0\1q\x0a\0\0\0\0\xce"s);
}

TEST_CASE("methods: connection.tune is written as AMQP says", "[amqp]") {
  auto m =
    connection_tune{.channel_max = 2047, .frame_max = 131072, .heartbeat = 60};
  CHECK(
    frame_of(m, 0) == "\1\0\0\0\0\0\x0c\0\x0a\0\x1e\7\xff\0\2\0\0\0\x3c\xce"s);
}

TEST_CASE("methods: RabbitMQ's unbind-ok has number 51", "[amqp]") {
  CHECK(frame_of(exchange_unbind_ok{}) == "\1\0\1\0\0\0\4\0\x28\0\x33\xce"s);
}

TEST_CASE("methods: reserved fields may hold anything", "[amqp]") {
  auto bytes = "\0\x0a\0\x28\1/\3cap\1"s;
  auto read = decode_method(bytes);
  CHECK(std::get<connection_open>(read.value()).virtual_host == "/");
  bytes = "\0\x3c\0\x28\x12\x34\1e\1k\2"s;
  read = decode_method(bytes);
  auto m = std::get<basic_publish>(read.value());
  CHECK(m == basic_publish{"e", "k", false, true});
}

TEST_CASE("methods: short strings over 255 bytes are cut", "[amqp]") {
  auto name = std::string(300, 'n');
  auto payload = payload_of(queue_purge{.queue = name});
  auto read = std::get<queue_purge>(decode_method(payload).value());
  CHECK(read.queue == std::string_view{name}.substr(0, 255));
}

TEST_CASE("methods: basic.publish has a short way", "[amqp]") {
  auto filler = method_filler{9};
  auto made = filler.make<basic_publish>();
  auto payload = payload_of(made);
  auto read = basic_publish{};
  CHECK(decode(payload, read));
  CHECK(read == made);
  CHECK_FALSE(decode(payload + 'x', read));
  CHECK_FALSE(decode(std::string_view{payload}.substr(0, 9), read));
  CHECK_FALSE(decode(payload_of(basic_get{.queue = "q"}), read));
  CHECK_FALSE(decode({}, read));
}

TEST_CASE("methods: print on one line", "[amqp]") {
  auto arguments = encode(field_table{
    {{"x-max-length", {std::int32_t{5}}},
     {"x-overflow", {"drop-head"}},
     {"a", {field_array{}}},
     {"none", {}}}});
  CHECK(
    to_string(
      queue_declare{.queue = "a\nb'", .durable = true, .arguments = arguments})
    == "queue.declare queue='a\\x0ab\\x27' durable arguments="
       "{x-max-length=5 x-overflow='drop-head' a=(A) none=(V)}");
  CHECK(
    to_string(basic_nack{.delivery_tag = 7, .multiple = true})
    == "basic.nack delivery_tag=7 multiple");
  CHECK(to_string(tx_commit_ok{}) == "tx.commit-ok");
}

TEST_CASE("methods: printing shows no secrets", "[amqp]") {
  auto line = to_string(
    connection_start_ok{.mechanism = "PLAIN", .response = "\0guest\0secret"s});
  CHECK(line.find("secret") == std::string::npos);
  CHECK(line.find("response=(13 bytes)") != std::string::npos);
  line = to_string(connection_update_secret{.new_secret = "abc"});
  CHECK(line.find("abc") == std::string::npos);
}

TEST_CASE("methods: printing cuts long text and many fields", "[amqp]") {
  auto name = std::string(200, 'n');
  CHECK(
    to_string(queue_purge{.queue = name})
    == "queue.purge queue='" + name.substr(0, 80) + "...'");
  auto many = field_table{};
  for (int i = 0; i < 20; ++i) many.fields.push_back({"a", {true}});
  auto line = to_string(basic_consume{.arguments = encode(many)});
  CHECK(line.ends_with("a=true a=true ...}"));
  CHECK(to_string(basic_consume{.arguments = "\0\0\0\2\1"}).ends_with("={}"));
}

TEST_CASE("methods: printing bears any bytes", "[amqp]") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    auto filler = method_filler{seed};
    for_each_method(method{}, [&]<class M>(M) {
      for (auto c : to_string(filler.make<M>())) CHECK((c >= ' ' && c < 127));
    });
  }
}
