#include "engine/base/result.hpp"

namespace troupe {

std::string to_string(errc code) {
  switch (code) {
    case errc::none: return "none";
    case errc::bad_config: return "bad_config";
    case errc::bad_input: return "bad_input";
    case errc::not_found: return "not_found";
    case errc::in_use: return "in_use";
    case errc::newer_format: return "newer_format";
    case errc::corrupt: return "corrupt";
    case errc::storage_failed: return "storage_failed";
    case errc::cannot_create: return "cannot_create";
    case errc::refused: return "refused";
  }
  return "unknown";
}

} // namespace troupe
