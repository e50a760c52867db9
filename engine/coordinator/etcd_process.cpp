#include "engine/coordinator/etcd_process.hpp"

#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <poll.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe {

namespace {

using std::filesystem::path;

/// A file that is closed at the end.
class open_file {
public:
  explicit open_file(int file) : file_{file} {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (file_ >= 0) ::close(file_);
  }
  int get() const { return file_; }

private:
  int file_;
};

std::vector<char*> words_of(
  const std::string& program, const std::vector<std::string>& arguments) {
  auto out = std::vector<char*>{const_cast<char*>(program.c_str())};
  for (const auto& x : arguments) out.push_back(const_cast<char*>(x.c_str()));
  out.push_back(nullptr);
  return out;
}

error cannot_start(const std::string& program, int why) {
  return {
    errc::cannot_create, "cannot start '" + program + "': " + std::strerror(why)
                           + "; install Debian's package etcd-server, or name "
                             "its program"};
}

/// How a child is started: with three files, no signals changed or held back.
class spawning {
public:
  spawning(int output, short more_flags) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files_, output, 1);
    ::posix_spawn_file_actions_adddup2(&files_, output, 2);
    ::posix_spawn_file_actions_addclosefrom_np(&files_, 3);
    ::posix_spawnattr_init(&rules_);
    auto all = sigset_t{};
    sigfillset(&all);
    ::posix_spawnattr_setsigdefault(&rules_, &all);
    sigemptyset(&all);
    ::posix_spawnattr_setsigmask(&rules_, &all);
    ::posix_spawnattr_setflags(
      &rules_, static_cast<short>(
                 POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | more_flags));
  }
  spawning(const spawning&) = delete;
  spawning& operator=(const spawning&) = delete;
  ~spawning() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&rules_);
  }

  result<pid_t>
  run(const std::string& program, const std::vector<std::string>& arguments) {
    auto words = words_of(program, arguments);
    auto out = pid_t{};
    auto why = ::posix_spawnp(
      &out, program.c_str(), &files_, &rules_, words.data(), environ);
    if (why != 0) return cannot_start(program, why);
    return out;
  }

private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t rules_{};
};

// Reads until the end, at most some bytes, for at most a time.
std::string read_some(int file, duration limit) {
  constexpr auto most = std::size_t{4096};
  auto out = std::string{};
  auto latest = std::chrono::steady_clock::now() + limit;
  for (auto part = std::string(512, '\0'); out.size() < most;) {
    auto left = std::chrono::duration_cast<duration>(
      latest - std::chrono::steady_clock::now());
    auto what = pollfd{file, POLLIN, 0};
    if (left.count() <= 0) break;
    if (::poll(&what, 1, static_cast<int>(left.count())) <= 0) break;
    auto bytes = ::read(file, part.data(), part.size());
    if (bytes <= 0) break;
    out.append(part, 0, static_cast<std::size_t>(bytes));
  }
  return out;
}

// A log that has grown is begun anew, with one before it.
void turn_over(const path& log) {
  constexpr auto most = std::uintmax_t{16 * 1024 * 1024};
  auto failed = std::error_code{};
  auto bytes = std::filesystem::file_size(log, failed);
  if (!failed && bytes > most)
    std::filesystem::rename(log, log.string() + ".before", failed);
}

} // namespace

result<pid_t> start_apart(
  const std::string& program,
  const std::vector<std::string>& arguments,
  const path& log) {
  turn_over(log);
  auto file = open_file{
    ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  if (file.get() < 0)
    return error{
      errc::cannot_create, "cannot write to '" + log.string()
                             + "': " + std::strerror(errno)
                             + "; check who owns its folder"};
  return spawning{file.get(), POSIX_SPAWN_SETSID}.run(program, arguments);
}

result<etcd_version> ask_version(const std::string& program, duration limit) {
  auto ends = std::array<int, 2>{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return cannot_start(program, errno);
  auto from = open_file{ends[0]};
  auto started = result<pid_t>{pid_t{0}};
  {
    auto to = open_file{ends[1]};
    started = spawning{to.get(), 0}.run(program, {"--version"});
  }
  if (!started) return started.error();
  auto said = read_some(from.get(), limit);
  ::kill(*started, SIGKILL);
  ::waitpid(*started, nullptr, 0);
  return parse_etcd_version(said);
}

// -- what runs

bool runs_on(pid_t process, const path& folder) {
  if (process <= 0) return false;
  auto file = std::ifstream{"/proc/" + std::to_string(process) + "/cmdline"};
  auto wanted = "--data-dir=" + folder.string();
  for (auto word = std::string{}; std::getline(file, word, '\0');)
    if (word == wanted) return true;
  return false;
}

pid_t find_running(const path& folder) {
  auto failed = std::error_code{};
  auto entry = std::filesystem::directory_iterator{"/proc", failed};
  for (; !failed && entry != std::filesystem::directory_iterator{};
       entry.increment(failed)) {
    auto name = entry->path().filename().string();
    auto number = pid_t{};
    auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    auto is_number = read.ptr == name.data() + name.size();
    if (is_number && number != ::getpid() && runs_on(number, folder))
      return number;
  }
  return 0;
}

bool is_locked(const path& folder) {
  auto name = folder / "member" / "snap" / "db";
  auto file = open_file{::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
  return file.get() >= 0 && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0
         && errno == EWOULDBLOCK;
}

bool has_etcd_data(const path& folder) {
  auto failed = std::error_code{};
  auto entry =
    std::filesystem::directory_iterator{folder / "member" / "wal", failed};
  for (; !failed && entry != std::filesystem::directory_iterator{};
       entry.increment(failed))
    if (entry->path().extension() == ".wal") return true;
  return false;
}

// -- files

pid_t read_number(const path& file) {
  auto in = std::ifstream{file};
  auto out = pid_t{};
  return in >> out && out > 0 ? out : 0;
}

result<void> write_number(const path& file, pid_t number) {
  auto next = path{file.string() + ".next"};
  auto text = std::to_string(number) + '\n';
  auto failed = std::error_code{};
  {
    auto out = open_file{
      ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    auto written = ::write(out.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size()) || ::fsync(out.get()) != 0)
      failed = {errno, std::system_category()};
  }
  if (!failed) std::filesystem::rename(next, file, failed);
  if (!failed) return {};
  return error{
    errc::storage_failed, "cannot write '" + file.string()
                            + "': " + failed.message()
                            + "; check the folder and the disk's space"};
}

result<void> move_aside(const path& folder) {
  auto failed = std::error_code{};
  if (!std::filesystem::exists(folder, failed)) return {};
  auto aside = path{folder.string() + ".aside"};
  std::filesystem::remove_all(aside, failed);
  std::filesystem::rename(folder, aside, failed);
  if (!failed) return {};
  return error{
    errc::storage_failed, "cannot move '" + folder.string() + "' aside: "
                            + failed.message() + "; move it yourself"};
}

} // namespace troupe
