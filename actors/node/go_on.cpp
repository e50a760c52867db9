#include "actors/node/go_on.hpp"

#include "actors/node/command_line.hpp"

#include <iostream>
#include <unistd.h>

namespace troupe {

bool may_go_on(const command_line& line, const std::string& what) {
  if (line.says_yes) return true;
  if (!::isatty(STDIN_FILENO)) {
    std::cerr << "error: this will " << what << "; say --yes to do it\n";
    return false;
  }
  std::cerr << "This will " << what << ". Go on? [y/N] ";
  auto said = std::string{};
  std::getline(std::cin, said);
  return said == "y" || said == "yes";
}

} // namespace troupe
