#include "engine/source/file_input.hpp"

#include "engine/base/stable_hash.hpp"

#include <algorithm>
#include <array>

namespace troupe {

namespace {

constexpr std::size_t chunk_bytes = 256 * 1024;

/// Progress at a file's start.
result<source_progress>
look_at(const input_file& file, std::size_t head_bytes) {
  auto head = std::array<char, source_progress::longest_head>{};
  auto size = file.read(0, std::span{head}.first(head_bytes));
  if (!size) return size.error();
  return source_progress{{}, *size, stable_hash({head.data(), *size})};
}

/// Fails unless `file` is the one that was read up to `from`.
result<void> check_same(const input_file& file, const source_progress& from) {
  auto size = file.size();
  if (!size) return size.error();
  auto seen = look_at(file, from.head_bytes);
  if (!seen) return seen.error();
  auto is_shorter = *size < from.at.offset;
  if (!is_shorter && seen->head_hash == from.head_hash) return {};
  auto what = is_shorter
                ? std::to_string(*size) + " bytes long, and "
                    + std::to_string(from.at.offset) + " of it were read before"
                : std::string{"not the file that was read before"};
  return error{
    errc::bad_input,
    "source file '" + file.path().string() + "' is " + what
      + ": put the old file back, or give the source a new name to read this "
        "one from its start"};
}

} // namespace

result<file_input> file_input::open(
  input_options options, const std::optional<source_progress>& from) {
  auto file = input_file::open(*options.path);
  if (!file) return file.error();
  if (from)
    if (auto same = check_same(*file, *from); !same) return same.error();
  auto progress = look_at(*file, source_progress::longest_head);
  if (!progress) return progress.error();
  auto cutter = record_cutter{options.kind, options.max_record};
  if (from && from->at.number > 0) {
    if (auto read = read_header(*file, cutter); !read) return read.error();
    cutter.resume(from->at);
    progress->at = from->at;
  }
  return file_input{
    std::move(*file), *progress,
    batch_cutter{std::move(cutter), progress->at, std::move(options.key)}};
}

file_input::file_input(
  input_file file, const source_progress& progress, batch_cutter cutter)
  : file_{std::move(file)},
    progress_{progress},
    cutter_{std::move(cutter)},
    chunk_(chunk_bytes),
    offset_{progress.at.offset} {}

/// Gives a cutter what it needs of the file's start before it can resume.
result<void>
file_input::read_header(const input_file& file, record_cutter& into) {
  auto chunk = std::vector<char>(chunk_bytes);
  for (auto offset = std::uint64_t{0}; !into.can_resume();) {
    auto size = file.read(offset, chunk);
    if (!size) return size.error();
    auto rest = std::string_view{chunk.data(), *size};
    auto cut = *size > 0 ? into.cut(rest) : into.finish();
    if (!cut) return cut.error();
    if (*size == 0) return {}; // cannot be: rows were read before
    offset += *size;
  }
  return {};
}

result<input_batch> file_input::next() {
  for (;;) {
    auto cut = is_at_end_ ? cutter_.finish() : cutter_.cut(rest_);
    if (!cut) return in_file(cut.error());
    if (cut->messages || is_at_end_) return made(std::move(*cut));
    if (auto read = refill(); !read) return read.error();
  }
}

result<void> file_input::refill() {
  auto size = file_.read(offset_, chunk_);
  if (!size) return size.error();
  rest_ = {chunk_.data(), *size};
  offset_ += *size;
  is_at_end_ = *size == 0;
  return {};
}

input_batch file_input::made(cut_batch&& from) const {
  auto is_end = !from.messages;
  auto progress = progress_;
  progress.at = from.after;
  return {
    std::move(from.messages), is_end, true, from.first_number,
    encode(progress)};
}

error file_input::in_file(const error& why) const {
  return {
    why.code, "source file '" + file_.path().string() + "', " + why.detail};
}

} // namespace troupe
