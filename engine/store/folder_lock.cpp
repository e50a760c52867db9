#include "engine/store/folder_lock.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace troupe {

namespace {

/// Opens for writing, or for reading alone where the folder is another's.
int open_lock(const std::string& path) {
  auto file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0 && (errno == EACCES || errno == EROFS))
    file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return file;
}

std::string holder(int file) {
  auto text = std::array<char, 16>{};
  auto size = ::pread(file, text.data(), text.size(), 0);
  auto digits = std::string_view{
    text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  digits = digits.substr(0, digits.find_first_not_of("0123456789"));
  if (digits.empty()) return "another process";
  return "process " + std::string{digits};
}

void write_holder(int file) {
  auto text = std::to_string(::getpid()) + '\n';
  // Only a courtesy to whoever finds the lock taken: it may fail.
  if (::ftruncate(file, 0) == 0) [[maybe_unused]]
    auto written = ::pwrite(file, text.data(), text.size(), 0);
}

} // namespace

result<folder_lock> folder_lock::take(const std::filesystem::path& folder) {
  auto path = (folder / "in_use.lock").string();
  auto lock = folder_lock{open_lock(path)};
  if (lock.file_ < 0)
    return error{
      errc::cannot_create,
      "cannot open '" + path + "': " + std::strerror(errno)
        + "; give the user that runs this write permission there"};
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) == 0) {
    write_holder(lock.file_);
    return lock;
  }
  if (errno != EWOULDBLOCK)
    return error{
      errc::storage_failed,
      "cannot lock '" + path + "': " + std::strerror(errno)
        + "; the folder must be on a disk that knows file locks"};
  return error{
    errc::in_use, "the store in '" + folder.string() + "' is in use by "
                    + holder(lock.file_)
                    + "; stop it first, or use another folder"};
}

folder_lock::folder_lock(folder_lock&& other) noexcept
  : file_{std::exchange(other.file_, -1)} {}

folder_lock& folder_lock::operator=(folder_lock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

folder_lock::~folder_lock() {
  if (file_ >= 0) ::close(file_);
}

} // namespace troupe
