#include "actors/node/completion.hpp"

#include <map>
#include <vector>

namespace troupe {

namespace {

using words = std::vector<std::string>;

/// What may follow each chain of subcommands: "" -> run validate ...,
/// "queue" -> ls, "queue ls" -> --json ...
void collect(
  const CLI::App& at,
  const std::string& path,
  std::map<std::string, words>& to) {
  auto& here = to[path];
  for (const auto* sub : at.get_subcommands({})) {
    here.push_back(sub->get_name());
    auto deeper = path.empty() ? sub->get_name() : path + " " + sub->get_name();
    collect(*sub, deeper, to);
  }
  for (const auto* option : at.get_options())
    for (const auto& name : option->get_lnames()) here.push_back("--" + name);
}

std::string join(const words& all) {
  auto text = std::string{};
  for (const auto& x : all) text += (text.empty() ? "" : " ") + x;
  return text;
}

std::string bash(const std::map<std::string, words>& all) {
  auto text = std::string{"_troupe() {\n"
                          "  local path='' word i\n"
                          "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                          "    word=${COMP_WORDS[i]}\n"
                          "    [[ $word == -* ]] || path+=\"${path:+ }$word\"\n"
                          "  done\n"
                          "  local words=''\n"
                          "  case \"$path\" in\n"};
  for (const auto& [path, next] : all)
    text += "    '" + path + "') words='" + join(next) + "' ;;\n";
  return text
         + "  esac\n"
           "  COMPREPLY=($(compgen -W \"$words\" -- "
           "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
           "  [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt -o default\n"
           "}\n"
           "complete -F _troupe troupe\n";
}

std::string fish(const std::map<std::string, words>& all) {
  auto text = std::string{
    "function __troupe_path\n"
    "  string join ' ' (string match -v -- '-*' (commandline -opc)[2..])\n"
    "end\n"};
  for (const auto& [path, next] : all)
    text += "complete -c troupe -n 'test \"(__troupe_path)\" = \"" + path
            + "\"' -a '" + join(next) + "'\n";
  return text;
}

} // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  auto all = std::map<std::string, words>{};
  collect(app, "", all);
  if (shell == "fish") return fish(all);
  // zsh runs bash's completions through its own compatibility layer.
  auto head = shell == "zsh"
                ? std::string{"autoload -U +X bashcompinit && bashcompinit\n"}
                : std::string{};
  return head + bash(all);
}

} // namespace troupe
