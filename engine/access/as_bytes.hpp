#pragma once

namespace troupe {

/// Views characters as OpenSSL wants them.
inline unsigned char* as_bytes(char* x) {
  return reinterpret_cast<unsigned char*>(x);
}

inline const unsigned char* as_bytes(const char* x) {
  return reinterpret_cast<const unsigned char*>(x);
}

} // namespace troupe
