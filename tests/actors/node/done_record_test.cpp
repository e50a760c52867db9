#include "actors/node/done_record.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

TEST_CASE("done_record: what is written is read again") {
  auto kept = done_record{{{"n1", 7}, {"n2", 1}}, "source in is gone"};
  auto read = decode_done("key", encode(kept));
  REQUIRE(read.has_value());
  CHECK((*read == kept));
}

TEST_CASE("done_record: it holds for the runs it names and for no later one") {
  auto kept = done_record{{{"n1", 7}}, ""};
  CHECK(kept.holds_for("n1", 7));
  CHECK_FALSE(kept.holds_for("n1", 8));
  CHECK_FALSE(kept.holds_for("n2", 7));
}

TEST_CASE("done_record: of a long failure the beginning is kept") {
  auto kept = done_record{{}, std::string(100'000, 'x')};
  auto read = decode_done("key", encode(kept));
  REQUIRE(read.has_value());
  CHECK(read->failure == std::string(4096, 'x'));
}

TEST_CASE("done_record: a failure may hold any bytes") {
  auto kept = done_record{{}, "cannot open \xff\xfe"};
  auto read = decode_done("key", encode(kept));
  REQUIRE(read.has_value());
  CHECK(read->failure == kept.failure);
}

TEST_CASE("done_record: what is none names the key and the cure") {
  auto text = GENERATE(
    "", "{", "[]", R"({"runs":[],"failure":""})",
    R"({"runs":{"a":-1},"failure":""})", R"({"runs":{},"failure":3})",
    R"({"runs":{}})", R"({"runs":{"a":[[[[[[1]]]]]]},"failure":""})");
  auto read = decode_done("/troupe/x/done", text);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == errc::corrupt);
  CHECK(read.error().detail.find("/troupe/x/done") != std::string::npos);
  CHECK(read.error().detail.find("erase it") != std::string::npos);
}
