#include "engine/amqp/frame_reader.hpp"
#include "engine/amqp/method_encoder.hpp"
#include "engine/amqp/methods.hpp"
#include "tests/engine/amqp/raw_frame.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <tuple>
#include <vector>

using namespace troupe;
using namespace troupe::amqp;
using troupe::test::raw_frame;
using namespace std::string_literals;

namespace {

/// A frame that outlives what it was read from.
struct kept_frame {
  frame_type type;
  std::uint16_t channel;
  std::string payload;
  bool operator==(const kept_frame&) const = default;
};

struct reading {
  std::vector<kept_frame> frames;
  std::optional<protocol_error> error;
  bool operator==(const reading&) const = default;
};

void take_all(frame_reader& from, reading& to) {
  for (;;) {
    auto next = from.next();
    if (!next) {
      to.error = next.error();
      return;
    }
    if (!*next) return;
    auto f = **next;
    to.frames.push_back({f.type, f.channel, std::string{f.payload}});
  }
}

/// Reads in chunks. Each is gone before the next one comes.
reading
read_in_chunks(const std::string& bytes, std::size_t size, std::size_t first) {
  auto from = frame_reader{4096};
  auto all = reading{};
  for (std::size_t at = 0; at < bytes.size() && !all.error;) {
    auto chunk = bytes.substr(at, at == 0 ? first : size);
    from.feed(chunk);
    take_all(from, all);
    at += chunk.size();
  }
  return all;
}

std::string some_frames() {
  auto out = std::string{};
  encode(out, 1, basic_publish{.exchange = "e", .routing_key = "k"});
  out += raw_frame(2, 1, "header");
  out += raw_frame(3, 1, "body\xce with an end in it");
  put_heartbeat(out);
  out += raw_frame(3, 65535, "");
  encode(out, 0, connection_close_ok{});
  return out;
}

} // namespace

TEST_CASE("frame_reader: reads frames of every type", "[amqp]") {
  auto read = read_in_chunks(some_frames(), 0, 10'000);
  REQUIRE(read.frames.size() == 6);
  CHECK(read.frames[1] == kept_frame{frame_type::header, 1, "header"});
  CHECK(read.frames[3] == kept_frame{frame_type::heartbeat, 0, ""});
  CHECK(read.frames[4] == kept_frame{frame_type::body, 65535, ""});
  CHECK(!read.error);
}

TEST_CASE("frame_reader: every cut gives the same frames", "[amqp]") {
  auto bytes = some_frames();
  auto whole = read_in_chunks(bytes, 0, bytes.size());
  for (std::size_t first = 1; first <= bytes.size(); ++first) {
    CHECK(read_in_chunks(bytes, bytes.size(), first) == whole);
    CHECK(read_in_chunks(bytes, first, first) == whole);
  }
}

TEST_CASE("frame_reader: frames in a chunk are views of it", "[amqp]") {
  auto bytes = some_frames();
  auto from = frame_reader{4096};
  from.feed(bytes);
  for (auto f = from.next(); *f; f = from.next()) {
    auto at = (*f)->payload.data();
    CHECK((at >= bytes.data() && at <= bytes.data() + bytes.size()));
  }
}

TEST_CASE("frame_reader: a shortened frame waits for its end", "[amqp]") {
  auto bytes = raw_frame(3, 1, "body");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto read = read_in_chunks(bytes.substr(0, size), 0, size + 1);
    CHECK(read == reading{});
  }
}

TEST_CASE("frame_reader: a wrong end octet is refused for good", "[amqp]") {
  auto bytes = raw_frame(3, 1, "body");
  bytes.back() = '\xcd';
  for (std::size_t cut = 1; cut <= bytes.size(); ++cut) {
    auto read = read_in_chunks(bytes, bytes.size(), cut);
    REQUIRE(read.error);
    CHECK(read.error->code == reply_code::frame_error);
    CHECK(read.error->text == "a frame of 4 bytes does not end in octet 206");
  }
  auto from = frame_reader{};
  from.feed(bytes);
  CHECK(from.next().has_error());
  auto more = some_frames();
  from.feed(more);
  CHECK(from.next().has_error());
}

TEST_CASE("frame_reader: unknown types are refused", "[amqp]") {
  for (int type = 0; type < 256; ++type) {
    auto known = type == 1 || type == 2 || type == 3 || type == 8;
    auto read = read_in_chunks(raw_frame(type, 0, ""), 3, 3);
    CHECK(read.error.has_value() != known);
  }
}

TEST_CASE("frame_reader: frames over the limit are refused", "[amqp]") {
  // Eight bytes more than AMQP allows are, as RabbitMQ bears with them.
  auto large = raw_frame(3, 1, std::string(4096, 'x'));
  CHECK(read_in_chunks(large, 0, large.size()).frames.size() == 1);
  auto larger = raw_frame(3, 1, std::string(4097, 'x'));
  auto read = read_in_chunks(larger, 1, 1);
  REQUIRE(read.error);
  CHECK(read.error->code == reply_code::frame_error);
  CHECK(read.error->text.find("4097") != std::string::npos);
}

TEST_CASE("frame_reader: takes no memory by an announced size", "[amqp]") {
  auto from = frame_reader{0};
  auto head = "\3\0\1\xff\xff\xff\xff"s;
  from.feed(head);
  CHECK(!*from.next());
  CHECK(from.unfinished_bytes() == 7);
  from.feed("body");
  CHECK(!*from.next());
  CHECK(from.unfinished_bytes() == 11);
}

TEST_CASE("frame_reader: a new limit holds for the next frame", "[amqp]") {
  auto bytes = raw_frame(3, 1, std::string(5000, 'x'));
  auto from = frame_reader{4096};
  from.set_frame_max(8192);
  from.feed(bytes);
  CHECK(*from.next());
  from.set_frame_max(4096);
  from.feed(bytes);
  CHECK(from.next().has_error());
}
