#include "engine/source/record_input.hpp"

#include "engine/source/file_input.hpp"
#include "engine/source/stream_input.hpp"

#include <unistd.h>

namespace troupe {

result<std::unique_ptr<record_input>>
open_input(input_options options, const std::optional<std::string>& progress) {
  using opened = std::unique_ptr<record_input>;
  if (!options.path)
    return opened{
      std::make_unique<stream_input>(STDIN_FILENO, std::move(options))};
  auto from = std::optional<source_progress>{};
  if (progress) {
    auto read = decode_progress(*progress);
    if (!read) return read.error();
    from = *read;
  }
  auto file = file_input::open(std::move(options), from);
  if (!file) return file.error();
  return opened{std::make_unique<file_input>(std::move(*file))};
}

} // namespace troupe
