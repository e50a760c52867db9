#include "config/check.hpp"
#include "config/effective.hpp"
#include "config/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// Reads any bytes as a configuration. Whatever they are, there are faults or a
// configuration that reads back as it was.

using namespace troupe;

namespace {

std::optional<std::string> no_variables(const std::string&) { return {}; }

std::optional<std::string> no_fault(std::string_view) { return {}; }

void require(bool claim) {
  if (!claim) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, size_t size) {
  auto text = std::string{reinterpret_cast<const char*>(bytes), size};
  auto read = read_texts({{"input.toml", text}}, no_variables);
  auto faults = check(read, {{}, no_fault, no_fault, true});
  require(!to_text(faults, {"input.toml"}).empty());
  require(!to_json(faults).empty());
  auto plan = make_plan(read.config);
  require(!mermaid(read.config, plan).empty());
  if (has_errors(read.faults)) return 0;
  auto again =
    read_texts({{"input.toml", effective(read.config)}}, no_variables);
  require(again.faults.empty());
  require(again.config == read.config);
  return 0;
}
