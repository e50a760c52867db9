#include "actors/fatal.hpp"
#include "actors/node/command_line.hpp"
#include "engine/access/password_hash.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <optional>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace troupe {

namespace {

constexpr std::size_t most_bytes = 1024; // of a password

/// Keeps a terminal from showing what is typed, while it lives. A signal that
/// would end the process waits until the terminal is as it was.
class quiet_terminal {
public:
  quiet_terminal() {
    ::sigemptyset(&ending_);
    for (auto x : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) ::sigaddset(&ending_, x);
    ::pthread_sigmask(SIG_BLOCK, &ending_, &mask_before_);
    signals_ = ::signalfd(-1, &ending_, SFD_CLOEXEC);
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    auto quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL; // but that a line has ended
    is_set_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~quiet_terminal() {
    if (is_set_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    if (signals_ >= 0) ::close(signals_);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr); // now it ends
  }
  quiet_terminal(const quiet_terminal&) = delete;
  quiet_terminal& operator=(const quiet_terminal&) = delete;

  /// Waits until a line was typed. False: a signal came first.
  bool has_line() const {
    auto from = std::array<pollfd, 2>{
      pollfd{signals_, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    while (::poll(from.data(), from.size(), -1) < 0)
      if (errno != EINTR) return true; // then reading will say what is wrong
    return from[0].revents == 0;
  }

private:
  termios before_{};
  bool is_set_ = false;
  sigset_t ending_{};
  sigset_t mask_before_{};
  int signals_ = -1;
};

int refuse(std::string_view why) {
  std::cerr << "error: " << why << '\n';
  return exit_bad_input;
}

/// Reads one line; nothing where there is none or it is too long.
std::optional<std::string> read_line() {
  auto line = std::array<char, most_bytes + 2>{}; // with both ends
  if (!std::cin.getline(line.data(), line.size())) return std::nullopt;
  auto count = static_cast<std::size_t>(std::cin.gcount());
  if (!std::cin.eof()) --count; // the line's end
  return std::string{line.data(), count};
}

/// Asks at the terminal; nothing where there is no answer.
std::optional<std::string>
ask(const quiet_terminal& terminal, const char* what) {
  std::cerr << what << std::flush;
  if (!terminal.has_line()) return std::nullopt;
  return read_line();
}

} // namespace

/// A terminal is asked twice, since nobody sees what is typed.
int hash_password_command(const command_line&) {
  auto password = std::optional<std::string>{};
  if (::isatty(STDIN_FILENO) != 0) {
    auto quiet = quiet_terminal{};
    password = ask(quiet, "Password: ");
    if (password && ask(quiet, "Once more: ") != password)
      return refuse("the two are not the same; try again");
  } else {
    password = read_line();
  }
  if (!password || password->size() > most_bytes)
    return refuse(
      "there is no password of at most " + std::to_string(most_bytes)
      + " bytes on standard input; write it there, as one line");
  // No client could send it: a NUL ends the name there.
  if (std::ranges::find(*password, '\0') != password->end())
    return refuse("a password cannot have a NUL in it");
  auto made = make_password_hash(*password);
  if (!made) return refuse(made.error().detail);
  std::cout << to_string(*made) << '\n';
  return 0;
}

} // namespace troupe
