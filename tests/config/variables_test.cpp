#include "tests/config/reading.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using test::small_environment;

namespace {

std::string value(std::string_view text) {
  auto result = replace_variables(text, small_environment);
  CHECK(result.fault_id == "");
  return result.text;
}

std::string fault_id(std::string_view text) {
  return replace_variables(text, small_environment).fault_id;
}

} // namespace

TEST_CASE("variables: a set variable takes the place of its reference") {
  CHECK(value("in ${HOME_TOWN}!") == "in Oslo!");
  CHECK(value("${HOME_TOWN}${HOME_TOWN}") == "OsloOslo");
  CHECK(value("[${EMPTY}]") == "[]");
}

TEST_CASE("variables: a default stands in for one that is not set or empty") {
  CHECK(value("${NONE:-troupe-0}") == "troupe-0");
  CHECK(value("${EMPTY:-a}") == "a");
  CHECK(value("${NONE:-}") == "");
  CHECK(value("${HOME_TOWN:-a}") == "Oslo");
}

TEST_CASE("variables: a message tells why one has to be set") {
  auto result = replace_variables("${NONE:?say where}", small_environment);
  CHECK(result.fault_id == "E0003");
  CHECK(result.fault == "variable `NONE` is not set: say where");
  CHECK(value("${HOME_TOWN:?say where}") == "Oslo");
  CHECK(fault_id("${EMPTY:?say where}") == "E0003");
  CHECK(fault_id("${NONE}") == "E0003");
}

TEST_CASE("variables: a malformed reference is a fault") {
  for (auto text :
       {"${", "${}", "${HOME_TOWN", "${1A}", "${A B}", "${A:b}", "${:-a}",
        "${A:}"})
    CHECK(fault_id(text) == "E0004");
}

TEST_CASE("variables: a dollar alone means itself") {
  CHECK(value("$ $HOME_TOWN 5$") == "$ $HOME_TOWN 5$");
  CHECK(value("$${HOME_TOWN}") == "${HOME_TOWN}");
  CHECK(value("{HOME_TOWN}") == "{HOME_TOWN}");
}

TEST_CASE("variables: a value is not looked into again") {
  CHECK(value("${INNER}") == "${HOME_TOWN}");
}

TEST_CASE("variables: an escaped text comes back as it was") {
  for (auto text : {"", "$", "${", "$${", "$$${", "a${HOME_TOWN}b", "${}${"})
    CHECK(value(escape_variables(text)) == text);
}
