#pragma once

#include "engine/base/endpoint.hpp"

#include <optional>
#include <string>

namespace troupe {

/// What a finished TLS handshake settled.
struct tls_session {
  std::string protocol; // "TLSv1.3"
  std::string cipher;   // "TLS_AES_256_GCM_SHA384"
  /// The client's certificate, if it showed one that was checked: its subject
  /// as RFC 2253 writes it ("CN=anna,O=shop") and the common name in it.
  std::string subject;
  std::string common_name;
  bool operator==(const tls_session&) const = default;
};

/// Who is at the other end of a stream. Addresses are numbers, never names;
/// an IPv4 address that came by an IPv6 socket is written as IPv4.
struct peer {
  endpoint remote;
  endpoint local;
  bool is_loopback = false; // the other end is on this machine
  std::optional<tls_session> tls;
  bool operator==(const peer&) const = default;
};

} // namespace troupe
