#include "config/reference.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace troupe;

namespace {

const auto manual = std::filesystem::path{__FILE__}.parent_path() / ".." / ".."
                    / "docs" / "configuration.md";

} // namespace

// Run the hidden test below when this one fails: config_tests "[manual]".
TEST_CASE("reference: docs/configuration.md is current") {
  auto in = std::ifstream{manual};
  REQUIRE(in);
  CHECK(
    std::string{std::istreambuf_iterator{in}, {}} == configuration_reference());
}

TEST_CASE("reference: docs/configuration.md can be written", "[.][manual]") {
  auto out = std::ofstream{manual};
  out << configuration_reference();
  CHECK(out.flush());
}
