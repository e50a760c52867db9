#include "engine/handlers/file_sink.hpp"

#include <boost/json.hpp>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error{what + ": " + std::strerror(errno)};
}

void write_all(int file, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write " + name);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::uint64_t to_number(const std::string& text) {
  auto number = std::uint64_t{0};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string to_lines(std::span<const work> batch, line_format format) {
  auto lines = std::string{};
  for (const auto& x : batch) lines += to_line(x.message, format);
  return lines;
}

} // namespace

std::string to_line(const message& message, line_format format) {
  if (format == line_format::body) return std::string{message.body()} + '\n';
  auto headers = boost::json::object{};
  for (const auto& [name, value] : message.headers()) headers[name] = value;
  auto object = boost::json::object{
    {"routing_key", message.routing_key()},
    {"headers", std::move(headers)},
    {"body", message.body()}};
  return boost::json::serialize(object) + '\n';
}

file_sink::file_sink(std::filesystem::path path, line_format format)
  : path_{std::move(path)}, format_{format} {}

file_sink::~file_sink() {
  if (file_ >= 0) ::close(file_);
}

void file_sink::open(state& state) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail("cannot open " + path_.string());
  struct stat found {};
  if (::fstat(file_, &found) < 0) fail("cannot look at " + path_.string());
  auto size = static_cast<std::uint64_t>(found.st_size);
  length_ = to_number(state.get("length").value_or(""));
  if (length_ > size || !S_ISREG(found.st_mode)) {
    length_ = size; // somebody took lines away: go on behind what is there
  } else if (::ftruncate(file_, static_cast<off_t>(length_)) < 0) {
    fail("cannot cut " + path_.string() + " to its last committed line");
  }
  if (S_ISREG(found.st_mode)) ::lseek(file_, 0, SEEK_END);
}

void file_sink::handle_batch(std::span<work> batch) {
  auto& last = batch.back().context.state();
  if (file_ < 0) open(last);
  auto lines = to_lines(batch, format_);
  write_all(file_, lines, path_.string());
  // Lines must be on disk before the messages they came from are gone.
  if (::fdatasync(file_) < 0 && errno != EINVAL && errno != EROFS)
    fail("cannot sync " + path_.string());
  length_ += lines.size();
  last.put("length", std::to_string(length_));
}

void output_sink::handle_batch(std::span<work> batch) {
  write_all(STDOUT_FILENO, to_lines(batch, format_), "standard output");
}

} // namespace troupe
