#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <span>

namespace troupe {

/// A regular file, open for reading.
class input_file {
public:
  /// Fails with `not_found`, with `bad_input` where it is no regular file, and
  /// with `storage_failed` where it may not or cannot be read.
  static result<input_file> open(const std::filesystem::path& path);

  input_file(input_file&& from) noexcept;
  input_file& operator=(input_file&& from) noexcept;
  ~input_file();

  /// Reads what is at `offset`: nothing at the end, and less than asked for
  /// only there.
  result<std::size_t> read(std::uint64_t offset, std::span<char> into) const;

  /// In bytes, now: others may write to it.
  result<std::uint64_t> size() const;

  const std::filesystem::path& path() const { return path_; }

private:
  input_file(int descriptor, std::filesystem::path path)
    : descriptor_{descriptor}, path_{std::move(path)} {}

  int descriptor_; // -1: moved away
  std::filesystem::path path_;
};

} // namespace troupe
