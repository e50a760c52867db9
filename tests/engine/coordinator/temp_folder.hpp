#pragma once

#include <catch2/catch.hpp>

#include <filesystem>
#include <stdlib.h>

namespace troupe::test {

/// A folder that is removed afterwards.
class temp_folder {
public:
  temp_folder() {
    auto text =
      (std::filesystem::temp_directory_path() / "coordinator-XXXXXX").string();
    REQUIRE(::mkdtemp(text.data()) != nullptr);
    path_ = text;
  }

  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;

  ~temp_folder() {
    auto ignored = std::error_code{};
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace troupe::test
