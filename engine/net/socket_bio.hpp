#pragma once

struct bio_st; // OpenSSL's BIO

namespace troupe {

/// Makes what OpenSSL reads from and writes to a socket by. OpenSSL's own
/// raises SIGPIPE when the other end is gone. Returns nullptr when memory is
/// out. The socket stays its owner's.
bio_st* make_socket_bio(int socket);

} // namespace troupe
