#include "engine/delivery/dead_letter.hpp"
#include "engine/message/properties.hpp"
#include "tests/support/builders.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

namespace {

failed_attempt attempt(const std::string& error_class) {
  return {time_point{std::chrono::seconds{5}}, error_class, "why"};
}

const field_value* find(const properties& in, const std::string& name) {
  for (const auto& x : in.headers->fields)
    if (x.name == name) return &x.value;
  return nullptr;
}

} // namespace

TEST_CASE("dead_letter: keeps the message and says why it died") {
  auto alive = test::batch_of({"key:body"});
  auto dead = make_dead_letter(
    (*alive)[0], "orders", {attempt("timeout"), attempt("exception")});
  auto m = (*dead)[0];
  CHECK(m.body() == "key:body");
  CHECK(m.routing_key() == "key");
  CHECK(m.header("x-error-class") == "exception");
  CHECK(m.header("x-error-text") == "why");
  CHECK(
    m.header("x-attempts")
    == R"([{"at":5000,"class":"timeout","text":"why"},)"
       R"({"at":5000,"class":"exception","text":"why"}])");
  CHECK(m.header("x-first-death-queue") == "orders");
  CHECK(m.header("x-last-death-reason") == "delivery_limit");
}

TEST_CASE("dead_letter: counts deaths by queue and reason, newest first") {
  auto alive = test::batch_of({"body"});
  auto once = make_dead_letter((*alive)[0], "a", {attempt("rejected")});
  auto twice = make_dead_letter((*once)[0], "b", {attempt("rejected")});
  auto thrice = make_dead_letter((*twice)[0], "a", {attempt("rejected")});
  auto read = decode_properties((*thrice)[0].encoded_properties()).value();
  auto deaths = std::get<field_array>(find(read, "x-death")->value);
  REQUIRE(deaths.values.size() == 2);
  auto newest = std::get<field_table>(deaths.values[0].value);
  CHECK(newest.fields[0].value == field_value{std::int64_t{2}});
  CHECK(newest.fields[2].value == field_value{std::string{"a"}});
  CHECK((*thrice)[0].header("x-first-death-queue") == "a");
  CHECK((*twice)[0].header("x-last-death-queue") == "b");
}
