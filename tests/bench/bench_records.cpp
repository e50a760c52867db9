#include "engine/source/batch_cutter.hpp"
#include "tests/bench/limits.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/traffic.hpp"

#include <stdexcept>

using namespace troupe;
using namespace troupe::bench;

namespace {

constexpr std::size_t input_bytes = 64 << 20;
constexpr std::size_t chunk_bytes = 256 * 1024; // as a file is read

std::string repeated(
  const std::string& head, const std::string& record, const std::string& last) {
  auto all = head;
  all.reserve(input_bytes + record.size() + last.size());
  while (all.size() < input_bytes) all += record;
  return all + last;
}

std::string input_of(record_kind kind) {
  const auto object =
    std::string{R"({"origin": "SFO", "destination": "JFK", "delay": -14, )"
                R"("date": "2001/01/14 21:55", "note": "left early"})"};
  switch (kind) {
    case record_kind::json: return repeated("[", object + ",\n", object + "]");
    case record_kind::csv:
      return repeated(
        "origin,destination,delay,date,note\n",
        "SFO,JFK,-14,2001/01/14 21:55,\"left early, in the evening\"\n", "");
    default: return repeated("", object + "\n", "");
  }
}

/// Bytes a second from chunks of an input to batches of messages.
double cut_bytes(record_kind kind, const std::string& input) {
  auto cutter = batch_cutter{
    record_cutter{kind, record_cutter::longest_record}, {}, nullptr};
  auto messages = std::size_t{0};
  auto time = seconds([&] {
    for (std::size_t at = 0; at < input.size(); at += chunk_bytes) {
      auto chunk = std::string_view{input}.substr(at, chunk_bytes);
      while (auto made = cutter.cut(chunk).value().messages)
        messages += made->size();
    }
    if (auto made = cutter.finish().value().messages) messages += made->size();
  });
  if (messages < 1000) throw std::logic_error{"the input was not cut"};
  return static_cast<double>(input.size()) / time;
}

/// Bytes a second that are copied out of the store's hands and checked.
double decoded_bytes() {
  constexpr int rounds = 20'000;
  const auto stored = std::string{traffic{}.next(256)->bytes()};
  auto count = std::size_t{0};
  auto time = seconds([&] {
    for (int i = 0; i < rounds; ++i)
      count += batch::decode(std::string{stored}).value()->size();
  });
  return static_cast<double>(count / 256 * stored.size()) / time;
}

double built_bytes() {
  constexpr int rounds = 20'000;
  auto source = traffic{};
  auto bytes = std::size_t{0};
  auto time = seconds([&] {
    for (int i = 0; i < rounds; ++i) bytes += source.next(256)->bytes().size();
  });
  return static_cast<double>(bytes) / time;
}

template <class Work>
void report(
  const arguments& asked, const char* what, Work work, const char* aim = "") {
  if (!asked.wants(what)) return;
  auto [value, limit] = measure(
    asked.repetitions, [&] { return work() / 1e6; },
    [] { return copied_bytes() / 1e6; });
  print({what, value, "MB/s", "memcpy", limit, aim});
}

void report_cut(
  const arguments& asked,
  const char* what,
  record_kind kind,
  const char* aim = "") {
  if (!asked.wants(what)) return;
  const auto input = input_of(kind);
  report(
    asked, what, [&] { return cut_bytes(kind, input); }, aim);
}

} // namespace

int main(int argc, char** argv) {
  const auto asked = arguments{argc, argv};
  report_cut(asked, "records, lines", record_kind::lines, ">= 500 MB/s");
  report_cut(asked, "records, ndjson", record_kind::ndjson);
  report_cut(asked, "records, json", record_kind::json, ">= 300 MB/s");
  report_cut(asked, "records, csv", record_kind::csv);
  report(asked, "batch, built", built_bytes);
  report(asked, "batch, decoded", decoded_bytes);
}
