#include "tests/engine/source/cutting.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr auto kinds = {
  record_kind::lines, record_kind::ndjson, record_kind::json, record_kind::csv};

/// Inputs of many shapes: most of them well made, some not.
class inputs {
public:
  explicit inputs(std::uint32_t seed) : random_{seed} {}

  std::string make(record_kind kind) {
    auto made = std::string{kind == record_kind::json ? "[" : ""};
    auto size = pick(12);
    for (std::uint32_t i = 0; i < size; ++i) {
      if (kind == record_kind::json && i > 0) made += " ,\n";
      made += kind == record_kind::json ? value(3) : line();
    }
    if (kind == record_kind::json) made += "] ";
    if (pick(4) == 0)
      made.resize(pick(static_cast<std::uint32_t>(made.size()) + 1));
    if (pick(6) == 0 && !made.empty())
      made[pick(static_cast<std::uint32_t>(made.size()))] = any();
    return made;
  }

  std::uint32_t pick(std::uint32_t below) { return random_() % below; }

private:
  char any() { return "\",\n\r[]{}\\1a \t\xef\xbb\xbf"[pick(16)]; }

  std::string line() {
    auto made = std::string{};
    auto size = pick(5);
    for (std::uint32_t i = 0; i < size; ++i) {
      if (i > 0) made += ',';
      made += pick(2) ? "\"a,\n\"\"\r\nb\"" : std::string(pick(9), 'x');
    }
    return made + (pick(3) ? "\n" : "\r\n");
  }

  std::string value(int depth) {
    switch (pick(depth > 0 ? 6 : 3)) {
      case 0: return "null";
      case 1: return "-12.5e7";
      case 2: return R"("a]\"}\\")";
      case 3: return '[' + value(depth - 1) + ",\n" + value(depth - 1) + ']';
      case 4: return R"({ "k\\":)" + value(depth - 1) + '}';
      default: return R"({"[":"{"})";
    }
  }

  std::mt19937 random_;
};

} // namespace

TEST_CASE("record_cutter: where chunks end makes no difference", "[source]") {
  auto records = std::size_t{0};
  auto faults = 0;
  for (std::uint32_t seed = 0; seed < 400; ++seed)
    for (auto kind : kinds) {
      auto from = inputs{seed};
      auto input = from.make(kind);
      auto limit = 5 + from.pick(60);
      auto whole = cut_whole(kind, input, limit);
      INFO(seed << ": " << input);
      auto cutter = record_cutter{kind, limit};
      CHECK(cut_in_chunks(cutter, input, [] { return 1; }) == whole);
      auto any = [&] { return 1 + from.pick(16); };
      CHECK(cut_in_chunks(cutter, input, any) == whole);
      records += whole.records.size();
      faults += whole.fault.code != errc::none;
    }
  CHECK(records > 1000);
  CHECK(faults > 200);
  CHECK(faults < 1200);
}

TEST_CASE("record_cutter: reading goes on behind any record", "[source]") {
  for (std::uint32_t seed = 0; seed < 100; ++seed)
    for (auto kind : kinds) {
      auto input = inputs{seed}.make(kind);
      auto whole = cut_whole(kind, input);
      INFO(seed << ": " << input);
      for (const auto& x : whole.records) {
        auto rest = cut_from(kind, input, {x.end, x.number});
        auto expected = cutting{
          {whole.records.begin() + static_cast<std::ptrdiff_t>(x.number),
           whole.records.end()},
          whole.fault};
        CHECK(rest == expected);
      }
    }
}
