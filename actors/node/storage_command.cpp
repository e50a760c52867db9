#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/progress_line.hpp"
#include "actors/node/stages.hpp"
#include "engine/store/verify.hpp"

#include <boost/json.hpp>

#include <iostream>

namespace troupe {

namespace json = boost::json;

int storage_verify_command(const command_line& line) {
  auto data_dir = data_dir_of(line);
  if (!data_dir) return exit_code_of_faults(line);
  auto progress = progress_line{"checked"};
  auto options = store_options{};
  options.folder = store_folder(*data_dir);
  auto report = verify(options, [&](std::uint64_t done, std::uint64_t total) {
    progress.show(done, total > done ? total - done : 0);
  });
  progress.clear();
  if (!report) {
    std::cerr << "error: " << report.error().detail << '\n';
    switch (report.error().code) {
      case errc::in_use: return exit_try_again;
      case errc::not_found: return exit_no_input;
      case errc::corrupt: return exit_negative;
      default: return exit_io;
    }
  }
  auto broken = json::array{};
  for (const auto& x : report->broken) broken.emplace_back(x);
  if (line.as_json) {
    std::cout << json::serialize(json::object{
      {"entries", report->entries},
      {"values", report->values},
      {"bytes", report->bytes},
      {"broken", broken}})
              << '\n';
  } else {
    for (const auto& x : report->broken) std::cout << "broken: " << x << '\n';
    std::cout << "checked " << report->entries << " log entries and "
              << report->values << " values, " << report->bytes
              << " bytes: " << (broken.empty() ? "all sound" : "see above")
              << '\n';
  }
  return broken.empty() ? 0 : exit_negative;
}

} // namespace troupe
