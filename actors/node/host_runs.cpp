#include "actors/node/host_runs.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <unistd.h>

namespace troupe {

namespace {

std::string text_of_file(const std::string& path) {
  auto file = std::ifstream{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Returns where numbers of runs mean what they mean here: since the host's
/// start, in this container. Empty where that is not told.
std::string place_of_numbers() {
  auto boot = text_of_file("/proc/sys/kernel/random/boot_id");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  auto failure = std::error_code{};
  auto numbers = std::filesystem::read_symlink("/proc/self/ns/pid", failure);
  if (boot.empty() || failure) return {};
  return boot + ' ' + numbers.string();
}

/// Says whether nobody has a number now. Hosts may hide others' runs in /proc,
/// but not from this question.
bool is_free(const std::string& number) {
  auto id = pid_t{0};
  auto end = number.data() + number.size();
  auto [at, failure] = std::from_chars(number.data(), end, id);
  if (failure != std::errc{} || at != end || id <= 0) return false;
  return ::kill(id, 0) != 0 && errno == ESRCH;
}

struct run_state {
  bool is_alive = false;
  std::string began; // in ticks of the host's clock
};

/// Reads what proc(5) says of a run; nothing where there is none.
std::optional<run_state> look_at_run(const std::string& number) {
  auto text = text_of_file("/proc/" + number + "/stat");
  // Its second field is a name in brackets, with any characters.
  auto end = text.rfind(')');
  if (end == text.npos) return {};
  auto made = run_state{};
  auto rest = std::string_view{text}.substr(end + 1);
  for (int field = 3; field <= 22 && !rest.empty(); ++field) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    auto word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    // Dead ones stay until whoever started them has asked how they ended.
    if (field == 3) made.is_alive = word != "Z" && word != "X";
    if (field == 22) made.began = word;
  }
  if (made.began.empty()) return {};
  return made;
}

} // namespace

std::string own_run() {
  auto number = std::to_string(::getpid());
  auto place = place_of_numbers();
  auto state = look_at_run(number);
  if (place.empty() || !state) return {};
  return place + ' ' + number + ' ' + state->began;
}

bool run_has_ended(const std::string& mark) {
  auto place = place_of_numbers();
  if (place.empty() || !mark.starts_with(place + ' ')) return false;
  auto rest = mark.substr(place.size() + 1);
  auto space = rest.find(' ');
  if (space == rest.npos) return false;
  auto number = rest.substr(0, space);
  auto state = look_at_run(number);
  if (!state) return is_free(number);
  return !state->is_alive || state->began != rest.substr(space + 1);
}

} // namespace troupe
