#include "engine/source/input_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace troupe {

namespace {

error file_fault(
  errc code, const std::filesystem::path& path, std::string what) {
  return {code, "source file '" + path.string() + "' " + std::move(what)};
}

error system_fault(const std::filesystem::path& path, int number) {
  if (number == ENOENT || number == ENOTDIR)
    return file_fault(
      errc::not_found, path, "is not there; check the source's path");
  return file_fault(
    errc::storage_failed, path,
    "cannot be read: " + std::generic_category().message(number));
}

} // namespace

result<input_file> input_file::open(const std::filesystem::path& path) {
  // Not blocking, or opening a pipe would wait for its writer.
  auto descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return system_fault(path, errno);
  auto file = input_file{descriptor, path};
  struct stat seen {};
  if (::fstat(descriptor, &seen) != 0) return system_fault(path, errno);
  if (S_ISREG(seen.st_mode)) return file;
  return file_fault(
    errc::bad_input, path,
    S_ISDIR(seen.st_mode)
      ? "is a folder; name one file in it"
      : "is no regular file; read it with a source of type stdin");
}

input_file::input_file(input_file&& from) noexcept
  : descriptor_{std::exchange(from.descriptor_, -1)},
    path_{std::move(from.path_)} {}

input_file& input_file::operator=(input_file&& from) noexcept {
  std::swap(descriptor_, from.descriptor_);
  std::swap(path_, from.path_);
  return *this;
}

input_file::~input_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

result<std::size_t>
input_file::read(std::uint64_t offset, std::span<char> into) const {
  auto done = std::size_t{0};
  while (done < into.size()) {
    auto at = static_cast<off_t>(offset + done);
    auto size =
      ::pread(descriptor_, into.data() + done, into.size() - done, at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_fault(path_, errno);
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  return done;
}

result<std::uint64_t> input_file::size() const {
  struct stat seen {};
  if (::fstat(descriptor_, &seen) != 0) return system_fault(path_, errno);
  return static_cast<std::uint64_t>(seen.st_size);
}

} // namespace troupe
