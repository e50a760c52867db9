#pragma once

#include <troupe/handler.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

namespace troupe {

/// How a sink writes a message.
enum class line_format : std::uint8_t { body, json };

/// Returns a message as one line, with its newline.
std::string to_line(const message& message, line_format format);

/// Appends each message to a file as one line, exactly once: the length it has
/// reached is part of its state, and what a crash left beyond that is cut off
/// when it starts again. Needs a queue without order and one thread.
class file_sink final : public batch_handler {
public:
  file_sink(std::filesystem::path path, line_format format);
  ~file_sink() override;

  /// Throws `std::runtime_error` when the file cannot be written.
  void handle_batch(std::span<work> batch) override;

private:
  void open(state& state);

  std::filesystem::path path_;
  line_format format_;
  int file_ = -1;
  std::uint64_t length_ = 0;
};

/// Writes each message to standard output as one line; after a crash some may
/// be written twice.
class output_sink final : public batch_handler {
public:
  explicit output_sink(line_format format) : format_{format} {}
  void handle_batch(std::span<work> batch) override;

private:
  line_format format_;
};

} // namespace troupe
