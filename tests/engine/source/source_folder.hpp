#pragma once

#include "engine/source/record_input.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <vector>

namespace troupe::test {

/// A folder of its own for a test's files, removed with it.
class source_folder {
public:
  source_folder() {
    auto name =
      (std::filesystem::temp_directory_path() / "source-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error{"no folder " + name};
    path_ = name;
  }
  source_folder(const source_folder&) = delete;
  source_folder& operator=(const source_folder&) = delete;
  ~source_folder() {
    auto ignored = std::error_code{};
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path path() const { return path_; }
  std::filesystem::path file() const { return path_ / "input"; }

  void write(std::string_view text) const {
    std::ofstream{file(), std::ios::binary} << text;
  }
  void append(std::string_view text) const {
    std::ofstream{file(), std::ios::binary | std::ios::app} << text;
  }

  result<std::unique_ptr<record_input>> open(
    record_kind kind = record_kind::lines,
    const std::optional<std::string>& progress = {}) const {
    auto options = input_options{};
    options.path = file();
    options.kind = kind;
    return open_input(std::move(options), progress);
  }

private:
  std::filesystem::path path_;
};

/// The rest of an input.
struct reading {
  std::vector<std::string> bodies;
  std::vector<input_batch> batches;
  std::string progress; // after the last batch
  error fault;
};

inline void note(reading& all, input_batch&& from) {
  for (std::size_t i = 0; i < from.messages->size(); ++i)
    all.bodies.emplace_back((*from.messages)[i].body());
  all.progress = from.progress;
  all.batches.push_back(std::move(from));
}

inline reading read_all(record_input& input) {
  auto all = reading{};
  for (;;) {
    auto made = input.next();
    if (!made) all.fault = made.error();
    if (!made || made->at_end) return all;
    if (made->messages) note(all, std::move(*made));
  }
}

} // namespace troupe::test
