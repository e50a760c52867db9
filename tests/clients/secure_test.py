#!/usr/bin/env python3
"""Who gets in, and what they may do there: TLS, certificates, users, vhosts."""

import broker
import secure_tls
import secure_users
from secure_client import USERS

if __name__ == "__main__":
    broker.main(broker.arguments().parse_args(),
                secure_tls.TESTS + secure_users.TESTS,
                broker.CONFIGURATION + USERS)
