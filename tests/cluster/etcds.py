"""Asks etcds, by the JSON they speak, which of them leads."""

import json
import urllib.error
import urllib.request


def status(member):
    """Returns what a member's etcd says of itself, or None."""
    asked = urllib.request.Request(
        f"http://{member.host}:{member.etcd_client_port}"
        "/v3/maintenance/status", data=b"{}", method="POST")
    try:
        with urllib.request.urlopen(asked, timeout=2) as answer:
            return json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return None


def leader_among(members):
    """Returns the member whose etcd leads, or None."""
    for x in members:
        seen = status(x)
        if seen and seen["header"]["member_id"] == seen["leader"]:
            return x
    return None
